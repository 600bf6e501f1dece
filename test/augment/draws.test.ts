import { readFile } from 'node:fs/promises'

import { expect } from 'chai'

import type { AugmentPlan, ViewParameters } from '../../lib/addon/interface.ts'
import { loadAddon } from '../../lib/addon/load.ts'
import { lower, recipes, simclrFamily, simclrSettings } from '../../lib/augment/index.ts'
import type { CropStatistics } from '../../lib/verify/augment.ts'
import { chiSquare, correlation, critical, mean, uniformity } from './support.ts'

const samples = 20_000
const paper = lower(recipes.paperImagenet.family, 224)
const torch = lower(recipes.torchImagenet.family, 224)

type Varying = { seed?: number; epoch?: number; index?: number; view?: number }

/** `samples` draws; `key` says what counts up, by default the image. */
function draw(
  plan: AugmentPlan,
  width = 500,
  height = 375,
  key: (i: number) => Varying = (i) => ({ index: i }),
): ViewParameters[] {
  const augmenter = new (loadAddon().Augmenter)(plan)
  const base = { seed: 11, epoch: 3, index: 5, view: 0, width, height }
  return Array.from({ length: samples }, (_, i) => augmenter.parameters({ ...base, ...key(i) }))
}

/** Jitter of every view, whatever its probability. */
function jitters(plan: AugmentPlan, key?: (i: number) => Varying) {
  const always = { ...plan, jitter: { ...plan.jitter!, probability: 1 } }
  return draw(always, 500, 375, key).map(({ jitter }) => jitter!)
}

function expectRate(hits: readonly boolean[], rate: number) {
  const count = hits.filter(Boolean).length
  const n = hits.length
  expect(chiSquare([count, n - count], [n * rate, n * (1 - rate)])).to.be.below(critical(1))
}

/** Over images, epochs, views and seeds alike. */
const varying: Record<string, (i: number) => Varying> = {
  images: (index) => ({ index }),
  epochs: (epoch) => ({ epoch }),
  views: (view) => ({ view }),
  seeds: (seed) => ({ seed }),
}

describe('what is drawn for a view', () => {
  for (const [over, key] of Object.entries(varying)) {
    it(`is applied at the family's rates over ${over}`, () => {
      for (const plan of [paper, torch]) {
        const views = draw(
          {
            ...plan,
            solarize: { probability: 0.3, threshold: 0.5 },
            verticalFlip: 0.4,
            turn: { probability: 0.6, mode: 'any' },
          },
          500,
          375,
          key,
        )
        const expected: [rate: number, happens: (view: ViewParameters) => boolean][] = [
          [0.5, ({ flip }) => flip],
          [0.4, ({ verticalFlip }) => verticalFlip],
          [0.6, ({ turns }) => turns > 0],
          [0.2, ({ gray }) => gray],
          [0.8, ({ jitter }) => jitter !== null],
          [0.5, ({ blur }) => blur !== null],
          [0.3, ({ solarize }) => solarize],
        ]
        for (const [rate, happens] of expected) expectRate(views.map(happens), rate)
      }
    })

    it(`turns by 90°, 180° and 270° equally often, or by 90° alone, over ${over}`, () => {
      const turned = (mode: 'any' | 'left') => {
        const counts = [0, 0, 0, 0]
        for (const { turns } of draw({ ...paper, turn: { probability: 1, mode } }, 500, 375, key))
          counts[turns]! += 1
        return counts
      }
      const [none, ...counts] = turned('any')
      expect(none).to.equal(0)
      expect(chiSquare(counts, new Array(3).fill(samples / 3))).to.be.below(critical(2))
      expect(turned('left')).to.deep.equal([0, samples, 0, 0])
    })

    it(`takes the 24 orders of the colour operators equally often over ${over}`, () => {
      const counts = new Map<string, number>()
      for (const { order } of jitters(paper, key)) {
        expect([...order].sort()).to.deep.equal([0, 1, 2, 3])
        counts.set(order.join(), (counts.get(order.join()) ?? 0) + 1)
      }
      expect(counts.size).to.equal(24)
      expect(chiSquare([...counts.values()], new Array(24).fill(samples / 24))).to.be.below(critical(23))
    })
  }

  it('fills the ranges of the colour operators uniformly', () => {
    for (const [strength, low, high] of [
      [1, 0.2, 1.8],
      [0.5, 0.6, 1.4],
      [1.5, 0, 2.2], // a factor is never negative
    ] as const) {
      const all = jitters(lower(simclrFamily(simclrSettings('paper', 224, strength)), 224))
      for (const name of ['brightness', 'contrast', 'saturation'] as const) {
        const values = all.map((jitter) => jitter[name])
        expect(Math.min(...values)).to.be.within(low - 1e-6, low + 0.001)
        expect(Math.max(...values)).to.be.within(high - 0.001, high + 1e-6)
        expect(uniformity(values, low, high), `${name} at ${strength}`).to.be.below(critical(9))
      }
      const hues = all.map(({ hue }) => hue)
      expect(Math.max(...hues.map(Math.abs))).to.be.within(0.2 * strength * 0.999, 0.2 * strength * 1.000001)
      expect(uniformity(hues, -0.2 * strength, 0.2 * strength)).to.be.below(critical(9))
    }
  })

  it("adds brightness of v1's range where the plan says so", () => {
    const settings = { ...simclrSettings('paper', 224, 1), brightnessMode: 'add' as const }
    const values = jitters(lower(simclrFamily(settings), 224)).map(({ brightness }) => brightness)
    expect(uniformity(values, -0.8, 0.8)).to.be.below(critical(9))
    expect(Math.max(...values.map(Math.abs))).to.be.within(0.799, 0.800001)
  })

  it('fills the range of sigma uniformly', () => {
    const sigmas = draw(paper).flatMap(({ blur }) => (blur === null ? [] : [blur.sigma]))
    expect(Math.min(...sigmas)).to.be.within(0.1, 0.101)
    expect(Math.max(...sigmas)).to.be.within(1.998, 2)
    expect(uniformity(sigmas, 0.1, 2)).to.be.below(critical(9))
  })

  it('is drawn for each view, image, epoch and seed by itself', () => {
    const first = jitters(paper)
    const others: Record<string, (i: number) => Varying> = {
      view: (index) => ({ index, view: 1 }),
      'next image': (index) => ({ index: index + 1 }),
      epoch: (index) => ({ index, epoch: 4 }),
      seed: (index) => ({ index, seed: 12 }),
    }
    for (const [name, key] of Object.entries(others)) {
      const second = jitters(paper, key)
      for (const parameter of ['brightness', 'contrast', 'saturation', 'hue'] as const) {
        const r = correlation(
          first.map((jitter) => jitter[parameter]),
          second.map((jitter) => jitter[parameter]),
        )
        expect(Math.abs(r), `${parameter}, other ${name}`).to.be.below(4 / Math.sqrt(samples))
      }
      const flips = (views: ViewParameters[]) => views.map(({ flip }) => Number(flip))
      const r = correlation(flips(draw(paper)), flips(draw(paper, 500, 375, key)))
      expect(Math.abs(r), `flip, other ${name}`).to.be.below(4 / Math.sqrt(samples))
    }
  })

  it('is independent from operator to operator', () => {
    const all = jitters(paper)
    const views = draw({ ...paper, verticalFlip: 0.5, turn: { probability: 0.5, mode: 'any' } })
    const turned = draw({ ...paper, turn: { probability: 1, mode: 'any' } })
    const columns = {
      flip: views.map(({ flip }) => Number(flip)),
      verticalFlip: views.map(({ verticalFlip }) => Number(verticalFlip)),
      turn: views.map(({ turns }) => Number(turns > 0)),
      left: turned.map(({ turns }) => Number(turns === 1)),
      half: turned.map(({ turns }) => Number(turns === 2)),
      gray: views.map(({ gray }) => Number(gray)),
      jitter: views.map(({ jitter }) => Number(jitter !== null)),
      blur: views.map(({ blur }) => Number(blur !== null)),
      brightness: all.map(({ brightness }) => brightness),
      contrast: all.map(({ contrast }) => contrast),
      saturation: all.map(({ saturation }) => saturation),
      hue: all.map(({ hue }) => hue),
      height: views.map(({ crop }) => crop!.height),
      y: views.map(({ crop }) => (crop!.y + 0.5) / Math.max(1, 375 - crop!.height)),
      x: views.map(({ crop }) => (crop!.x + 0.5) / Math.max(1, 500 - crop!.width)),
    }
    const names = Object.keys(columns) as (keyof typeof columns)[]
    for (const a of names) {
      for (const b of names) {
        if (a >= b || (a === 'half' && b === 'left')) continue
        expect(Math.abs(correlation(columns[a], columns[b])), `${a}, ${b}`).to.be.below(
          4 / Math.sqrt(samples),
        )
      }
    }
  })

  it('stays what it is when another operator is left out', () => {
    const without = draw({
      ...paper,
      crop: null,
      center: { share: 1, filter: 'bicubic', antialias: false },
      gray: 0,
    })
    draw(paper).forEach(({ flip, jitter, blur }, i) => {
      const { flip: flipWithout, jitter: jitterWithout, blur: blurWithout } = without[i]!
      expect([flipWithout, jitterWithout, blurWithout]).to.deep.equal([flip, jitter, blur])
    })
  })

  it('stays what it is where views are flipped vertically and turned', () => {
    const more = draw({ ...paper, verticalFlip: 0.5, turn: { probability: 0.5, mode: 'any' } })
    draw(paper).forEach((view, i) => {
      expect({ ...more[i]!, verticalFlip: false, turns: 0 }).to.deep.equal(view)
    })
  })
})

const { crop_statistics: statistics } = JSON.parse(
  await readFile(new URL('../golden/augment_paper.json', import.meta.url), 'utf8'),
) as { crop_statistics: CropStatistics[] }

describe('paper crops against boxes that TensorFlow drew', () => {
  for (const golden of statistics) {
    const { W, H } = golden
    it(`has their distribution on ${W} x ${H}`, () => {
      const boxes = draw(lower(recipes.paperImagenet.family, golden.out_w), W, H).map(({ crop }) => crop!)
      const columns = {
        area: boxes.map(({ width, height }) => (width * height) / (W * H)),
        aspect: boxes.map(({ width, height }) => width / height),
      }
      const noise = (variance: number) => 4 * Math.sqrt(variance * (1 / samples + 1 / golden.samples))
      for (const name of ['area', 'aspect'] as const) {
        golden.percentiles.forEach((percent, i) => {
          // Boxes are whole pixels: a percentile is a step, and the share must be right on both its sides.
          const at = golden[name][i]!
          const share = percent / 100
          const tolerance = noise(share * (1 - share))
          const below = mean(columns[name].map((value) => Number(value < at - 5e-5)))
          const upTo = mean(columns[name].map((value) => Number(value <= at + 5e-5)))
          expect(below, `${name} below percentile ${percent}`).to.be.at.most(share + tolerance)
          expect(upTo, `${name} up to percentile ${percent}`).to.be.at.least(share - tolerance)
        })
      }
      const expectMean = (values: number[], wanted: number) => {
        const average = mean(values)
        const variance = mean(values.map((value) => (value - average) ** 2))
        expect(Math.abs(average - wanted)).to.be.at.most(noise(variance))
      }
      expectMean(columns.area, golden.area_mean)
      expectMean(columns.aspect, golden.aspect_mean)
      expectMean(columns.aspect.map(Math.log), golden.log_aspect_mean)
      expectMean(
        boxes.map(({ height }) => height),
        golden.height_mean,
      )
      expectMean(
        boxes.map(({ width }) => width),
        golden.width_mean,
      )
      expectMean(
        boxes.map(({ y, height }) => y / Math.max(1, H - height)),
        golden.y_rel_mean,
      )
      expectMean(
        boxes.map(({ x, width }) => x / Math.max(1, W - width)),
        golden.x_rel_mean,
      )
      const whole = boxes.filter(({ width, height }) => width === W && height === H).length / samples
      expect(Math.abs(whole - golden.whole_image_fraction)).to.be.at.most(noise(0.0025))
    })
  }

  it('never draws a box below a tenth of the image, though the area range begins at 0.08', () => {
    for (const { crop } of draw(paper)) {
      expect((crop!.width * crop!.height) / (500 * 375)).to.be.at.least(0.1)
    }
  })

  it('takes the whole image where no box fits', () => {
    for (const { crop } of draw(paper, 1000, 10).slice(0, 100)) {
      expect(crop).to.deep.equal({ x: 0, y: 0, width: 1000, height: 10 })
    }
  })
})

describe('torch crops', () => {
  it('have uniform area and log-uniform aspect where every box fits', () => {
    const settings = { ...simclrSettings('torch', 224, 1), cropArea: [0.08, 0.5] as [number, number] }
    const boxes = draw(lower(simclrFamily(settings), 224), 1500, 1500).map(({ crop }) => crop!)
    const areas = boxes.map(({ width, height }) => (width * height) / 1500 ** 2)
    expect(uniformity(areas, 0.08, 0.5)).to.be.below(critical(9))
    const aspects = boxes.map(({ width, height }) => Math.log(width / height))
    expect(uniformity(aspects, Math.log(3 / 4), Math.log(4 / 3))).to.be.below(critical(9))
    expect(
      uniformity(
        boxes.map(({ x, width }) => x / (1500 - width)),
        0,
        1,
      ),
    ).to.be.below(critical(9))
    expect(
      uniformity(
        boxes.map(({ y, height }) => y / (1500 - height)),
        0,
        1,
      ),
    ).to.be.below(critical(9))
  })

  it('lie inside the image and within the ranges', () => {
    for (const { crop } of draw(torch)) {
      const { x, y, width, height } = crop!
      expect(x).to.be.within(0, 500 - width)
      expect(y).to.be.within(0, 375 - height)
      expect((width * height) / (500 * 375)).to.be.within(0.078, 1)
      expect(width / height).to.be.within(0.74, 1.35)
    }
  })

  it('reach the last row and column', () => {
    const boxes = draw(torch, 32, 32).map(({ crop }) => crop!)
    const inner = boxes.filter(({ width, height }) => width < 32 && height < 32)
    expect(inner.some(({ x, width }) => x + width === 32)).to.equal(true)
    expect(inner.some(({ y, height }) => y + height === 32)).to.equal(true)
  })

  it('fall back to the largest central box whose aspect is allowed', () => {
    const wide = draw(torch, 1000, 30).map(({ crop }) => crop!)
    const fallback = wide.filter(({ height, x }) => height === 30 && x === 480)
    expect(fallback.length).to.be.greaterThan(samples * 0.9)
    expect(fallback[0]).to.deep.equal({ x: 480, y: 0, width: 40, height: 30 })
  })

  it('have a pixel at least where the aspects leave an image a few pixels wide none', () => {
    const aspect = (value: number): AugmentPlan => ({
      ...torch,
      crop: { ...torch.crop!, aspect: [value, value] },
    })
    expect(draw(aspect(10), 1, 100)[0]!.crop).to.deep.equal({ x: 0, y: 49, width: 1, height: 1 })
    expect(draw(aspect(0.1), 100, 1)[0]!.crop).to.deep.equal({ x: 49, y: 0, width: 1, height: 1 })
  })

  it('of more pixels than an int holds have the areas asked for', () => {
    const plan: AugmentPlan = { ...paper, crop: { ...paper.crop!, area: [0.7, 0.8] } }
    const boxes = draw(plan, 60_000, 60_000).map(({ crop }) => crop!)
    const areas = boxes.map(({ width, height }) => (width * height) / 60_000 ** 2)
    expect(Math.min(...areas)).to.be.above(0.69)
    expect(Math.max(...areas)).to.be.below(0.81)
  })
})

describe('epochOrder', () => {
  const order = (seed: number, epoch: number, count: number) => [
    ...loadAddon().epochOrder({ seed, epoch, count }),
  ]

  it('is a permutation, the same for the same seed and epoch, another for others', () => {
    const first = order(1, 0, 1000)
    expect([...first].sort((a, b) => a - b)).to.deep.equal(Array.from({ length: 1000 }, (_, i) => i))
    expect(order(1, 0, 1000)).to.deep.equal(first)
    expect(order(1, 1, 1000)).to.not.deep.equal(first)
    expect(order(2, 0, 1000)).to.not.deep.equal(first)
  })

  it('takes all permutations equally often', () => {
    const counts = new Map<string, number>()
    for (let epoch = 0; epoch < 12_000; epoch++) {
      const key = order(5, epoch, 4).join()
      counts.set(key, (counts.get(key) ?? 0) + 1)
    }
    expect(counts.size).to.equal(24)
    expect(chiSquare([...counts.values()], new Array(24).fill(500))).to.be.below(critical(23))
  })

  it('handles nothing and one', () => {
    expect(order(1, 0, 0)).to.deep.equal([])
    expect(order(1, 0, 1)).to.deep.equal([0])
  })
})
