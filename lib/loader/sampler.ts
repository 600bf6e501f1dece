/**
 * Which images a step trains on: a pure function of the step, so that a resumed run, any number of threads
 * and any number of processes see the same batches.
 */
import type { Convention } from '../addon/interface.ts'

/** The order in which an epoch visits `count` images: a function of (seed, epoch) alone. */
export type EpochOrder = (options: { seed: number; epoch: number; count: number }) => Uint32Array

/** The rows of a batch. */
export interface Rows {
  indices: Uint32Array
  /** Epoch of each row; a batch of the paper's convention may cross epochs. */
  epochs: Uint32Array
}

export interface SamplerOptions {
  /**
   * `paper`: the epochs' orders one after the other, cut into batches that may cross from one to the next
   * (tf.data's shuffle, repeat, batch); `torch`: batches of one epoch only, its last partial one dropped
   * (DataLoader's shuffle and drop_last).
   */
  convention: Convention
  /** Images in the set, at least `batchSize`. */
  images: number
  batchSize: number
  seed: number
}

export class Sampler {
  readonly #options: SamplerOptions
  readonly #epochOrder: EpochOrder
  /** The two orders a step can need; recomputing one costs milliseconds for a million images. */
  readonly #orders = new Map<number, Uint32Array>()

  constructor(options: SamplerOptions, epochOrder: EpochOrder) {
    this.#options = options
    this.#epochOrder = epochOrder
  }

  /** The rows of step 0, 1, … */
  at(step: number): Rows {
    const { convention, images, batchSize } = this.#options
    const stepsPerEpoch = Math.floor(images / batchSize)
    const start =
      convention === 'paper'
        ? step * batchSize
        : Math.floor(step / stepsPerEpoch) * images + (step % stepsPerEpoch) * batchSize
    const indices = new Uint32Array(batchSize)
    const epochs = new Uint32Array(batchSize)
    for (let row = 0; row < batchSize; row++) {
      const position = start + row
      const epoch = Math.floor(position / images)
      epochs[row] = epoch
      indices[row] = this.#order(epoch)[position - epoch * images]!
    }
    return { indices, epochs }
  }

  #order(epoch: number): Uint32Array {
    let order = this.#orders.get(epoch)
    if (order === undefined) {
      for (const other of this.#orders.keys()) if (Math.abs(other - epoch) > 1) this.#orders.delete(other)
      const { seed, images: count } = this.#options
      order = this.#epochOrder({ seed, epoch, count })
      this.#orders.set(epoch, order)
    }
    return order
  }
}
