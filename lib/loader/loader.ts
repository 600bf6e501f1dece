/** Batches in the order of the steps, a few ahead of the learner. */
import type { NativeAugmenter, NativeBatch, NativeImageStore } from '../addon/interface.ts'
import type { Rows, Sampler } from './sampler.ts'

export interface LoaderOptions {
  store: NativeImageStore
  augmenter: NativeAugmenter
  sampler: Sampler
  seed: number
  /** Class of every image, for the online linear head; null without. */
  labels: Int32Array | null
  /** First step. */
  step: number
  /** Resolves when the rows' images are in the store; without it they always are. */
  ready?: (rows: Rows, step: number) => Promise<void>
}

/** Batches prepared before they are asked for. They are descriptions: views are made by the learner's threads. */
const ahead = 2

export class Loader {
  readonly #options: LoaderOptions
  readonly #queue: Promise<NativeBatch>[] = []
  #step: number

  constructor(options: LoaderOptions) {
    this.#options = options
    this.#step = options.step
  }

  /** The next step's batch. */
  next(): Promise<NativeBatch> {
    while (this.#queue.length <= ahead) {
      const batch = this.#prepare(this.#step++)
      batch.catch(() => {}) // reported when its turn comes
      this.#queue.push(batch)
    }
    return this.#queue.shift()!
  }

  async #prepare(step: number): Promise<NativeBatch> {
    const { store, augmenter, sampler, seed, labels, ready } = this.#options
    const rows = sampler.at(step)
    await ready?.(rows, step)
    const rowLabels = labels && Int32Array.from(rows.indices, (index) => labels[index]!)
    return augmenter.batch(store, { ...rows, seed, views: 2, labels: rowLabels })
  }
}
