import { expect } from 'chai'

import type { RawImage } from '../../lib/addon/interface.ts'
import { loadAddon } from '../../lib/addon/load.ts'
import { lower, recipes, simclrFamily, simclrSettings } from '../../lib/augment/index.ts'
import { noise, views } from './make-views.ts'
import { largestDifference } from './support.ts'

const identity = lower([], 8)

describe('views', () => {
  it('are the pixels / 255 where nothing happens to them', async () => {
    const image = noise(8, 8, 3)
    const [[view]] = (await views([image], identity, { count: 1 })) as [[Float32Array]]
    expect(
      largestDifference(
        view,
        Float32Array.from(image.data, (level) => level / 255),
      ),
    ).to.be.at.most(1e-6)
  })

  it('stack all first views before all second views, and follow the rows of a batch', async () => {
    const images = [noise(8, 8, 3, 1), noise(8, 8, 3, 2), noise(8, 8, 3, 3)]
    const rows = [2, 0, 1]
    const made = await views(images, identity, { rows })
    for (const view of made) {
      view.forEach((pixels, row) => {
        const wanted = Float32Array.from(images[rows[row]!]!.data, (level) => level / 255)
        expect(largestDifference(pixels, wanted)).to.be.at.most(1e-6)
      })
    }
  })

  for (const [name, { family, size }] of Object.entries(recipes)) {
    it(`are the same bits with 1, 2 and 4 threads (${name})`, async () => {
      const images = Array.from({ length: 9 }, (_, i) =>
        noise(size + 7 * i, size + 40 - 5 * i, i % 3 ? 3 : 1, i),
      )
      const plan = lower(family, size)
      const one = (await views(images, plan)).flat()
      for (const threads of [2, 4]) {
        expect((await views(images, plan, { threads })).flat()).to.deep.equal(one)
      }
    })
  }

  it('depend on seed, epoch, image and view, and on nothing else', async () => {
    const images = Array.from({ length: 6 }, (_, i) => noise(40, 40, 3, i))
    const plan = lower(recipes.paperCifar.family, 32)
    const all = await views(images, plan)
    expect(await views(images, plan)).to.deep.equal(all)
    // A row's place in the batch does not matter, nor how many views are made.
    const [first, second, third] = await views(images, plan, { rows: [4, 1], count: 3 })
    expect(first).to.deep.equal([all[0]![4], all[0]![1]])
    expect(second).to.deep.equal([all[1]![4], all[1]![1]])
    expect(third).to.not.deep.equal(second)
    expect(await views(images, plan, { seed: 8 })).to.not.deep.equal(all)
    expect(await views(images, plan, { epoch: 1 })).to.not.deep.equal(all)
  })

  it('of a batch of one constant image are all distinct', async () => {
    const image = noise(48, 48, 3)
    const made = (await views(new Array(64).fill(image), lower(recipes.paperCifar.family, 32))).flat()
    expect(new Set(made.map((pixels) => pixels.join())).size).to.equal(128)
  })

  for (const recipe of ['paperImagenet', 'torchImagenet'] as const) {
    it(`of a batch of one image differ in every parameter (${recipe})`, () => {
      // A large image: boxes are whole pixels and could agree by chance on a small one.
      const augmenter = new (loadAddon().Augmenter)(lower(recipes[recipe].family, 224))
      const drawn = [0, 1].flatMap((view) =>
        Array.from({ length: 64 }, (_, index) =>
          augmenter.parameters({ seed: 7, epoch: 0, index, view, width: 60_000, height: 60_000 }),
        ),
      )
      const allDistinct = (name: string, values: (number | undefined)[]) => {
        const made = values.filter((value) => value !== undefined)
        expect(made.length, name).to.be.greaterThan(40)
        expect(new Set(made).size, name).to.equal(made.length)
      }
      for (const name of ['brightness', 'contrast', 'saturation', 'hue'] as const) {
        allDistinct(
          name,
          drawn.map(({ jitter }) => jitter?.[name]),
        )
      }
      allDistinct(
        'sigma',
        drawn.map(({ blur }) => blur?.sigma),
      )
      for (const name of ['x', 'y', 'width', 'height'] as const) {
        const sides = drawn.map(({ crop }) => crop![name])
        // Of 128 out of some 40,000 a few may agree.
        expect(new Set(sides).size, name).to.be.at.least(drawn.length - 4)
      }
      const boxes = drawn.map(({ crop }) => Object.values(crop!).join())
      expect(new Set(boxes).size).to.equal(boxes.length)
    })
  }

  it('of a grey image are those of the same image in three channels', async () => {
    const gray = noise(37, 29, 1)
    const rgb: RawImage = {
      ...gray,
      channels: 3,
      data: Uint8Array.from({ length: 37 * 29 * 3 }, (_, i) => gray.data[(i / 3) | 0]!),
    }
    for (const recipe of [recipes.paperImagenet, recipes.torchImagenet]) {
      const plan = { ...lower(recipe.family, 32), solarize: { probability: 0.3, threshold: 0.5 } }
      const of = async (image: RawImage) => (await views(new Array(16).fill(image), plan)).flat()
      const a = await of(gray)
      const b = await of(rgb)
      a.forEach((pixels, i) => {
        expect(largestDifference(pixels, b[i]!)).to.be.at.most(2e-5)
      })
    }
  })

  it('stay in [0, 1] without normalisation, overshoot and all', async () => {
    const plan = lower(recipes.paperCifar.family, 32)
    for (const pixels of (await views(new Array(64).fill(noise(32, 32, 3)), plan)).flat()) {
      expect(Math.min(...pixels)).to.be.at.least(0)
      expect(Math.max(...pixels)).to.be.at.most(1)
    }
  })

  it('are written where the caller wants them', async () => {
    const addon = loadAddon()
    const store = new addon.ImageStore(1)
    store.set(0, noise(8, 8, 3))
    const batch = new addon.Augmenter(identity).batch(store, {
      indices: Uint32Array.of(0),
      epochs: Uint32Array.of(0),
      seed: 0,
      views: 2,
      labels: null,
    })
    const out = new Float32Array(2 * 8 * 8 * 3)
    expect(await batch.pixels({ threads: 1, out })).to.equal(out)
    expect(out).to.deep.equal(await batch.pixels({ threads: 1 }))
    expect(() => batch.pixels({ threads: 1, out: new Float32Array(8) })).to.throw(/384 elements for `out`/)
  })

  it('reject where an image is missing', async () => {
    const addon = loadAddon()
    const batch = new addon.Augmenter(identity).batch(new addon.ImageStore(1), {
      indices: Uint32Array.of(0),
      epochs: Uint32Array.of(0),
      seed: 0,
      views: 2,
      labels: null,
    })
    const error = await batch.pixels({ threads: 2 }).then(
      () => null,
      (error: unknown) => error,
    )
    expect(error).to.have.property('code', 'ERR_SIMCLR_INVALID_ARGUMENT')
  })
})

describe('blur of a view', () => {
  /** One white pixel in the middle of black, always blurred with this sigma. */
  async function impulse(size: number, sigma: number): Promise<Float32Array> {
    const data = new Uint8Array(size * size * 3)
    data.fill(255, ((size / 2) * size + size / 2) * 3, ((size / 2) * size + size / 2) * 3 + 3)
    const settings = {
      ...simclrSettings('paper', size, 0),
      jitter: 0,
      gray: 0,
      flip: 0,
      blur: 1,
      blurSigma: [sigma, sigma] as [number, number],
    }
    const [, ...rest] = simclrFamily(settings)
    const plan = lower(rest, size)
    const [[view]] = (await views([{ data, width: size, height: size, channels: 3 }], plan, {
      count: 1,
    })) as [[Float32Array]]
    return view
  }

  for (const [size, taps] of [
    [224, 23],
    [96, 9],
    [64, 7],
  ] as const) {
    it(`has ${taps} taps at ${size} px`, async () => {
      const view = await impulse(size, 2)
      const at = (x: number, y: number) => view[(y * size + x) * 3]!
      const middle = size / 2
      const radius = (taps - 1) / 2
      const weights = Array.from({ length: taps }, (_, k) => Math.exp(-((k - radius) ** 2) / 8))
      const sum = weights.reduce((a, b) => a + b, 0)
      for (let dx = -radius; dx <= radius; dx++) {
        const wanted = (weights[dx + radius]! * weights[radius]!) / sum ** 2
        expect(at(middle + dx, middle)).to.be.closeTo(wanted, 1e-6)
        expect(at(middle, middle + dx)).to.be.closeTo(wanted, 1e-6)
        expect(at(middle + dx, middle)).to.be.above(0)
      }
      expect([at(middle - radius - 1, middle), at(middle + radius + 1, middle)]).to.deep.equal([0, 0])
      expect([at(middle, middle - radius - 1), at(middle, middle + radius + 1)]).to.deep.equal([0, 0])
      expect(view.reduce((a, b) => a + b, 0)).to.be.closeTo(3, 1e-3)
    })
  }

  it('is off in the CIFAR recipes', () => {
    expect(lower(recipes.paperCifar.family, 32).blur).to.equal(null)
    expect(lower(recipes.torchCifar.family, 32).blur).to.equal(null)
  })
})
