import { readFileSync } from 'node:fs'
import { expect } from 'chai'
import {
  cosineSchedule,
  epochOf,
  learningRate,
  peakLr,
  type ScheduleSettings,
  totalEpochs,
  totalSteps,
  viewSize,
  warmupSteps,
} from '../../lib/config/schedule.ts'
import type { Curve } from '../../lib/verify/lr.ts'

const golden: { schedules: Curve[] } = JSON.parse(
  readFileSync(new URL('../golden/lr_paper.json', import.meta.url), 'utf8'),
)

const torch = (settings: Partial<ScheduleSettings>): ScheduleSettings => ({
  convention: 'torch',
  images: 1000,
  batchSize: 256,
  epochs: 4,
  steps: null,
  warmupEpochs: 1,
  lr: 0.06,
  scaling: 'linear',
  ...cosineSchedule,
  ...settings,
})

describe('schedule, paper convention (golden)', () => {
  for (const g of golden.schedules) {
    const settings: ScheduleSettings = {
      convention: 'paper',
      images: g.num_examples,
      batchSize: g.batch,
      epochs: g.epochs,
      steps: g.train_steps || null,
      warmupEpochs: g.warmup_epochs,
      lr: g.base,
      scaling: g.scaling,
      ...cosineSchedule,
    }
    it(`${g.num_examples} images, batch ${g.batch}, ${g.epochs} epochs, warm-up ${g.warmup_epochs}`, () => {
      expect(totalSteps(settings)).to.equal(g.total_steps)
      expect(warmupSteps(settings)).to.equal(g.warmup_steps)
      const tolerance = 1e-6 * peakLr(settings)
      g.steps.forEach((step, i) => {
        expect(learningRate(settings, step)).to.be.closeTo(g.lr[i]!, tolerance, `step ${step}`)
      })
    })
  }
})

describe('schedule, torch convention', () => {
  it('drops the last partial batch of each epoch', () => {
    expect(totalSteps(torch({}))).to.equal(12)
    expect(totalSteps(torch({ images: 1023 }))).to.equal(12)
    expect(totalSteps(torch({ images: 1024 }))).to.equal(16)
  })

  it('warms up to the peak without a step at 0, then follows the cosine', () => {
    const settings = torch({})
    const lr = Array.from({ length: 12 }, (_, step) => learningRate(settings, step))
    expect(lr.slice(0, 4)).to.deep.equal([0.02, 0.04, 0.06, 0.06])
    expect(lr[11]).to.be.closeTo(0.03 * (1 + Math.cos((Math.PI * 8) / 9)), 1e-15)
    expect(Math.min(...lr)).to.be.greaterThan(0)
  })

  it('stays finite when the warm-up is the whole run', () => {
    const settings = torch({ epochs: 1 })
    expect(learningRate(settings, 2)).to.equal(0.06)
    expect(learningRate(settings, 3)).to.equal(0)
  })

  it('scales the base rate as told', () => {
    expect(peakLr(torch({ batchSize: 512 }))).to.equal(0.12)
    expect(peakLr(torch({ batchSize: 400, scaling: 'sqrt' }))).to.be.closeTo(1.2, 1e-12)
    expect(peakLr(torch({ batchSize: 512, scaling: 'none' }))).to.equal(0.06)
  })
})

describe('schedules beside the cosine', () => {
  const rates = (settings: ScheduleSettings, steps = totalSteps(settings)) =>
    Array.from({ length: steps }, (_, step) => learningRate(settings, step))

  it('constant: the peak from the warm-up to the end', () => {
    expect(rates(torch({ name: 'constant' }))).to.deep.equal([0.02, 0.04, ...Array(10).fill(0.06)])
    const paper = torch({ name: 'constant', convention: 'paper' })
    expect(rates(paper).slice(0, 5)).to.deep.equal([0, 0.02, 0.04, 0.06, 0.06])
    expect(learningRate(paper, 10_000)).to.equal(0.06)
  })

  it('step: falls at the first step of an epoch, as MultiStepLR does, warm-up or not', () => {
    // 3 steps an epoch.
    const settings = torch({ name: 'step', milestones: [2, 3], gamma: 0.5, warmupEpochs: 0 })
    const [peak, half, quarter] = [Array(6).fill(0.06), Array(3).fill(0.03), Array(3).fill(0.015)]
    expect(rates(settings)).to.deep.equal([...peak, ...half, ...quarter])
    expect(rates({ ...settings, warmupEpochs: 3 }).slice(9)).to.deep.equal(quarter)
    expect(rates({ ...settings, milestones: [9] })).to.deep.equal(Array(12).fill(0.06))
    expect(learningRate({ ...settings, milestones: [1.5] }, 4)).to.equal(0.06)
    expect(learningRate({ ...settings, milestones: [1.5] }, 5)).to.equal(0.03)
  })

  it('step, batches that cross epochs: falls in the first batch that begins in the epoch', () => {
    const crossing = { convention: 'paper', images: 10, batchSize: 4, epochs: 3, warmupEpochs: 0 } as const
    const settings = torch({
      ...crossing,
      name: 'step',
      milestones: [1, 2],
      gamma: 0.1,
      scaling: 'none',
      lr: 1,
    })
    // Steps begin at images 0, 4, 8, 12, 16, 20, …
    expect(rates(settings, 8)).to.deep.equal([1, 1, 1, 0.1, 0.1, ...Array(3).fill(0.1 ** 2)])
  })
})

describe('epochs of steps', () => {
  for (const convention of ['paper', 'torch'] as const) {
    for (const [images, batchSize, epochs] of [
      [1000, 256, 4],
      [1024, 256, 3],
      [64, 64, 2],
      [777, 50, 7],
    ] as const) {
      it(`${convention}: ${epochs} epochs of ${images} by ${batchSize} are all there, in order`, () => {
        const settings = torch({ convention, images, batchSize, epochs })
        const seen = Array.from({ length: totalSteps(settings) }, (_, step) => epochOf(settings, step))
        expect([...new Set(seen)]).to.deep.equal(Array.from({ length: epochs }, (_, epoch) => epoch))
        expect(seen).to.deep.equal([...seen].sort((a, b) => a - b))
      })
    }
  }

  it('counts the epochs that a fixed number of steps reaches', () => {
    expect(totalEpochs(torch({ steps: 7 }))).to.equal(3)
    expect(totalEpochs(torch({ convention: 'paper', steps: 8, images: 1000, batchSize: 250 }))).to.equal(2)
  })
})

describe('low-to-high resolution', () => {
  const resolution = [
    { until: 0.25, size: 8 },
    { until: 0.6, size: 16 },
  ]
  const sizes = (settings: ScheduleSettings) => {
    const steps = Array.from({ length: totalSteps(settings) }, (_, step) => step)
    return steps.map((step) => viewSize(settings, { resolution, imageSize: 32 }, step))
  }

  it('an epoch has the size of the phase in which it begins', () => {
    // 3 steps an epoch; epochs begin at 0, 0.25, 0.5 and 0.75 of the run.
    expect(sizes(torch({}))).to.deep.equal([8, 8, 8, 16, 16, 16, 16, 16, 16, 32, 32, 32])
    expect(sizes(torch({ epochs: 1 }))).to.deep.equal([8, 8, 8])
    expect(sizes(torch({ steps: 5 }))).to.deep.equal([8, 8, 8, 16, 16])
  })

  it('batches that cross epochs belong to the one they begin in', () => {
    const crossing = torch({ convention: 'paper', images: 10, batchSize: 4, epochs: 2 })
    expect(sizes(crossing)).to.deep.equal([8, 8, 8, 16, 16, 16])
  })

  it('without it all views are of one size', () => {
    expect(viewSize(torch({}), { resolution: null, imageSize: 32 }, 0)).to.equal(32)
  })
})
