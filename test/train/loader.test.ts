import { expect } from 'chai'
import type { NativeAugmenter, NativeBatch } from '../../lib/addon/interface.ts'
import { loadAddon } from '../../lib/addon/load.ts'
import { lower, recipes } from '../../lib/augment/index.ts'
import { readImages } from '../../lib/data/images.ts'
import { Loader } from '../../lib/loader/loader.ts'
import { Sampler } from '../../lib/loader/sampler.ts'

describe('loader', () => {
  it('makes each step with its own augmenter and in as many views as asked for, from whichever step it begins', async () => {
    const { Augmenter, epochOrder } = loadAddon()
    const images = await readImages('synthetic:scenes,count=12,size=16', { imageSize: 16 })
    const augmenters = [8, 16].map((size) => new Augmenter(lower(recipes.torchCifar.family, size)))
    const augmenterAt = (step: number): NativeAugmenter => augmenters[step < 3 ? 0 : 1]!
    const sampler = new Sampler({ convention: 'torch', images: 12, batchSize: 4, seed: 1 }, epochOrder)
    const part = (rows: number) => ({ begin: 0, end: rows })
    const loader = (step: number) =>
      new Loader({
        ...{ images, augmenterAt, sampler, part },
        ...{ seed: 1, views: 3, withLabels: false, step, steps: 6, ahead: 2 },
      })
    const pixels = (batch: NativeBatch) => batch.pixels({ threads: 1 })
    try {
      const all = loader(0)
      const made: Float32Array[] = []
      for (let step = 0; step < 6; step++) made.push(await pixels(await all.next()))
      const lengths = [8, 8, 8, 16, 16, 16].map((size) => 3 * 4 * size * size * 3)
      expect(made.map(({ length }) => length)).to.deep.equal(lengths)
      const later = loader(2)
      for (const step of [2, 3]) expect(await pixels(await later.next())).to.deep.equal(made[step])
    } finally {
      await images.dispose()
    }
  })

  it('prepares no batch after the last', async () => {
    const { Augmenter, epochOrder } = loadAddon()
    const asked: number[] = []
    class Watched extends Sampler {
      override at(step: number) {
        asked.push(step)
        return super.at(step)
      }
    }
    const images = await readImages('synthetic:scenes,count=12,size=16', { imageSize: 16 })
    const augmenter = new Augmenter(lower(recipes.torchCifar.family, 16))
    const loader = new Loader({
      images,
      augmenterAt: () => augmenter,
      sampler: new Watched({ convention: 'torch', images: 12, batchSize: 4, seed: 1 }, epochOrder),
      ...{ seed: 1, views: 2, withLabels: false, step: 1, steps: 4, ahead: 2 },
      part: (rows) => ({ begin: 0, end: rows }),
    })
    try {
      for (let step = 1; step < 4; step++) await loader.next()
      expect(asked).to.deep.equal([1, 2, 3])
    } finally {
      await images.dispose()
    }
  })
})
