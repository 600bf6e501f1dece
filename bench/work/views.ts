/** Makes views as training does, with every operator on. */
import type { NativeAugmenter, NativeImageStore } from '../../lib/addon/interface.ts'
import { loadAddon } from '../../lib/addon/load.ts'
import { lower, simclrFamily, simclrSettings } from '../../lib/augment/index.ts'

export class ViewMaker {
  readonly perBatch: number
  readonly #augmenter: NativeAugmenter
  readonly #out: Float32Array
  #epoch = 0

  constructor(size: number, perBatch: number, hueMode: 'exact' | 'fast' = 'exact') {
    this.perBatch = perBatch
    const family = simclrFamily({ ...simclrSettings('torch', size, 1), blur: 0.5, hueMode })
    this.#augmenter = new (loadAddon().Augmenter)(lower(family, size))
    this.#out = new Float32Array(2 * perBatch * size * size * 3)
  }

  /** Two views of each of `perBatch` images from `first` on, into the same memory every time. */
  async make(store: NativeImageStore, first: number, threads = 1): Promise<void> {
    const { perBatch } = this
    const batch = this.#augmenter.batch(store, {
      indices: Uint32Array.from({ length: perBatch }, (_, i) => (first + i) % store.count),
      epochs: new Uint32Array(perBatch).fill(this.#epoch++),
      seed: 0,
      views: 2,
      labels: null,
    })
    await batch.pixels({ threads, out: this.#out })
  }
}
