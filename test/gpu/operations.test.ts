import { expect } from 'chai'
import type { GradientResult, LearnerSpec, OptimizerSpec, Precision } from '../../lib/addon/interface.ts'
import { loadAddon } from '../../lib/addon/load.ts'
import { tensorFrom } from '../../lib/io/tensor.ts'
import { adamw, distance, paperLars, tinySpec, views, withLearner } from '../learn/support.ts'
import { countingKernels, joined, needGpu, paper, relative, stateAfter } from './support.ts'

describe('GPU = CPU', () => {
  before(needGpu)

  const networks: [string, Partial<LearnerSpec>][] = [
    ['torch, SGD', {}],
    ['paper, LARS, online head', { ...paper, classes: 3 }],
    [
      'paper, selective kernels',
      {
        ...paper,
        encoder: { arch: 'resnet50', width: 0.25, stem: 'imagenet', convention: 'paper', skRatio: 0.0625 },
      },
    ],
  ]
  for (const [name, spec] of networks) {
    // In float32 a sum added in another order moves a value near zero to the other side of a ReLU, and its whole gradient
    // comes or goes; that shows most in the small tensors of early layers. The loss is continuous there. In float64 no value
    // of these batches lies so near, and what is left is rounding.
    for (const [precision, tolerance] of [
      ['fp64', { loss: 1e-9, all: 1e-9, worst: 1e-9 }],
      ['fp32', { loss: 1e-4, all: 1e-2, worst: 5e-2 }],
    ] as const) {
      it(`${name}, ${precision}: gradients of one batch`, async () => {
        const [batch, labels] = [
          views(16, 32),
          spec.classes ? Int32Array.from([0, 1, 2, 0, 1, 2, 0, 1]) : null,
        ]
        const on = (device: string) =>
          withLearner(tinySpec({ ...spec, precision, device }), (learner) => learner.gradients(batch, labels))
        const [gpu, cpu] = [await on('cuda:0'), await on('cpu')]
        expect(gpu.loss).to.be.closeTo(cpu.loss, tolerance.loss * cpu.loss)
        expect(gpu.entropy).to.be.closeTo(cpu.entropy!, tolerance.loss * cpu.entropy!)
        expect(relative(joined(gpu.gradients), joined(cpu.gradients))).to.be.below(tolerance.all)
        expect(distance(gpu.gradients, cpu.gradients)).to.be.below(tolerance.worst)
      })
    }

    it(`${name}, fp64: weights, statistics and momentum after five steps`, async () => {
      const after = (device: string) =>
        stateAfter(5, (step) => views(12, 16, step), { ...spec, precision: 'fp64', device })
      expect(distance(await after('cuda:0'), await after('cpu'))).to.be.below(1e-7)
    })
  }

  // What a roundoff makes of a gradient is a matter of the network (test/learn/bf16-gradient.test.ts): the CPU, which computes
  // the same in the same precision, shows how much it is.
  for (const [name, recipe] of networks.slice(0, 2)) {
    for (const precision of ['bf16', 'fp16'] as const) {
      it(`${name}, ${precision}: gradients are as far from float64's as the CPU's are`, async () => {
        const spec = (changes: Partial<LearnerSpec>) => tinySpec({ ...recipe, classes: 0, ...changes })
        const weights = await withLearner(spec({ precision: 'fp32' }), (learner) => learner.state())
        // A scale with which nothing overflows; other precisions than fp16 pass over it.
        const start = [...weights, tensorFrom('loss_scale', [2], Float64Array.from([1024, 0]))]
        const on = (precision: Precision, device: string) =>
          withLearner(spec({ precision, device }), async (learner) => {
            await learner.load(start)
            return learner.gradients(views(64, 32), null)
          })
        const exact = await on('fp64', 'cpu')
        const apart = ({ gradients }: GradientResult) => relative(joined(gradients), joined(exact.gradients))
        const [gpu, cpu] = [await on(precision, 'cuda:0'), await on(precision, 'cpu')]
        for (const { loss, skipped } of [gpu, cpu]) {
          expect(skipped).to.equal(false)
          expect(loss).to.be.closeTo(exact.loss, 0.05 * exact.loss)
        }
        expect(apart(gpu) / apart(cpu)).to.be.within(1 / 2, 2)
      })
    }
  }

  it('fp16: what overflows is left out and halves the scale, and the rest learns', async () => {
    const spec = tinySpec({ ...paper, precision: 'fp16', device: 'cuda:0' })
    await withLearner(spec, async (learner) => {
      let scale = 65_536
      const steps = []
      for (let step = 0; step < 12; step++) {
        const before = (await learner.state()).filter(({ name }) => /weight$/.test(name))
        steps.push(await learner.stepViews(views(32, 32), null, 0.1))
        const { lossScale, skipped } = steps.at(-1)!
        expect(lossScale).to.equal(scale)
        if (skipped) scale /= 2
        const after = (await learner.state()).filter(({ name }) => /weight$/.test(name))
        expect(distance(after, before) === 0).to.equal(skipped)
      }
      const learnt = steps.filter(({ skipped }) => !skipped)
      expect(learnt).to.have.length.above(5)
      expect(learnt.at(-1)!.loss).to.be.below(learnt[0]!.loss)
    })
  })

  for (const [name, spec] of networks) {
    it(`${name}, fp64: a step in chunks`, async () => {
      const labels = spec.classes ? Int32Array.from([0, 1, 2, 0, 1, 2, 0, 1]) : null
      const on = (device: string) =>
        withLearner(tinySpec({ ...spec, precision: 'fp64', device, chunkSize: 3 }), async (learner) => ({
          step: await learner.stepViews(views(16, 32), labels, 0.1),
          state: await learner.state(),
        }))
      const [gpu, cpu] = [await on('cuda:0'), await on('cpu')]
      expect(gpu.step.loss).to.be.closeTo(cpu.step.loss, 1e-9 * cpu.step.loss)
      expect(distance(gpu.state, cpu.state)).to.be.below(1e-7)
    })
  }

  it('evaluation mode and embedding', async () => {
    const on = (device: string) =>
      withLearner(tinySpec({ precision: 'fp64', device }), async (learner) => {
        await learner.stepViews(views(8, 16), null, 0.1)
        return learner.forward(views(6, 16, 2), { training: false, groups: true })
      })
    const [gpu, cpu] = [await on('cuda:0'), await on('cpu')]
    expect(distance([gpu.features, ...gpu.groups], [cpu.features, ...cpu.groups])).to.be.below(1e-9)
  })

  const forms: [string, OptimizerSpec][] = [
    ['LARS, paper', paperLars],
    ['LARS, popular', { ...paperLars, classicMomentum: false }],
    ['LARS, torch', { ...paperLars, convention: 'torch', epsilon: 1e-8 }],
    ['SGD', { name: 'sgd', momentum: 0.9, nesterov: true, weightDecay: 1e-4, decayAll: false }],
    ['Adam', { ...adamw, name: 'adam', weightDecay: 1e-4 }],
    ['AdamW', adamw],
    ['AdamW, tf.keras', { ...adamw, convention: 'paper', epsilon: 1e-7 }],
  ]
  for (const [name, spec] of forms) {
    it(`${name}: float32 updates by our kernels, float64 ones by LibTorch`, async () => {
      for (const [Array_, tolerance, updates] of [
        [Float32Array, 1e-6, 3],
        [Float64Array, 1e-12, 0],
      ] as const) {
        const after = (device: string) => {
          const variables = [1, 33, 16_384, 40_001].flatMap((size, i) =>
            [false, true].map((excluded) => ({
              weight: new Array_(size).map((_: number, k: number) => Math.sin(k * 0.7 + i)),
              gradient: new Array_(size).map((_: number, k: number) => Math.cos(k * 1.3 + i)),
              momentum: new Array_(size),
              secondMoment: new Array_(size),
              excluded,
            })),
          )
          for (const [step, lr] of [0.1, 0.2, 0.05].entries())
            loadAddon().optimizerStep(spec, variables, lr, device, step + 1)
          return variables
        }
        const { value: gpu, calls } = await countingKernels(() => after('cuda:0'))
        expect(calls.optimizer).to.equal(updates)
        const cpu = after('cpu')
        gpu.forEach(({ weight, momentum, secondMoment }, i) => {
          expect(relative(weight, cpu[i]!.weight)).to.be.below(tolerance)
          expect(relative(momentum, cpu[i]!.momentum)).to.be.below(tolerance)
          expect(relative(secondMoment, cpu[i]!.secondMoment)).to.be.below(tolerance)
        })
      }
    })
  }

  for (const rows of [2, 38, 514]) {
    it(`NT-Xent of ${rows} rows`, () => {
      const z = Float64Array.from({ length: rows * 48 }, (_, i) => Math.sin(i * i * 0.37))
      const options = { dim: 48, temperature: 0.2, scale: 2, normalize: true } as const
      const [gpu, cpu] = ['cuda:0', 'cpu'].map((device) => loadAddon().ntXent(z, { ...options, device }))
      expect(gpu!.loss).to.be.closeTo(cpu!.loss, 1e-10)
      expect(gpu!.entropy).to.be.closeTo(cpu!.entropy, 1e-10)
      expect(gpu!.contrastiveAccuracy).to.equal(cpu!.contrastiveAccuracy)
      expect(relative(gpu!.gradient, cpu!.gradient)).to.be.below(1e-10)
    })
  }
})
