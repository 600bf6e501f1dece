/** Batches in the order of the steps, a few ahead of the learner. */
import type { NativeAugmenter, NativeBatch } from '../addon/interface.ts'
import type { Images } from '../data/images.ts'
import type { Rows, Sampler } from './sampler.ts'

export interface LoaderOptions {
  images: Images
  /** What makes the views of a step. */
  augmenterAt: (step: number) => NativeAugmenter
  sampler: Sampler
  seed: number
  /** Of each image. */
  views: number
  /** Batches carry the images' classes, for the online linear head. */
  withLabels: boolean
  /** First step, and steps in all. */
  step: number
  steps: number
  /** Batches whose images are being decoded, where they are not in memory anyway, while the learner computes. */
  ahead: number
  /** This process's part of a batch's rows. */
  part: (rows: number) => { begin: number; end: number }
}

interface Prepared {
  rows: Rows
  batch: Promise<NativeBatch>
}

/** Batches are descriptions: views are made by the learner's threads. */
export class Loader {
  readonly #options: LoaderOptions
  readonly #queue: Prepared[] = []
  #step: number
  #current: Rows | null = null

  constructor(options: LoaderOptions) {
    this.#options = options
    this.#step = options.step
  }

  /** The next step's batch; the one before is no longer needed. */
  next(): Promise<NativeBatch> {
    if (this.#current) this.#options.images.free(this.#current.indices)
    const { ahead, steps } = this.#options
    while (this.#queue.length <= ahead && this.#step < steps) this.#queue.push(this.#prepare(this.#step++))
    const { rows, batch } = this.#queue.shift()!
    this.#current = rows
    return batch
  }

  #prepare(step: number): Prepared {
    const all = this.#options.sampler.at(step)
    const { begin, end } = this.#options.part(all.indices.length)
    const rows = { indices: all.indices.slice(begin, end), epochs: all.epochs.slice(begin, end) }
    const batch = this.#describe(rows, this.#options.augmenterAt(step))
    batch.catch(() => {}) // told when its turn comes
    return { rows, batch }
  }

  async #describe(rows: Rows, augmenter: NativeAugmenter): Promise<NativeBatch> {
    const { images, seed, views, withLabels } = this.#options
    await images.hold(rows.indices)
    const labels = withLabels ? Int32Array.from(rows.indices, (index) => images.labels![index]!) : null
    return augmenter.batch(images.store, { ...rows, seed, views, labels })
  }
}
