import { expect } from 'chai'
import type { LearnerSpec, NativeTensor, OptimizerSpec } from '../../lib/addon/interface.ts'
import { loadAddon } from '../../lib/addon/load.ts'
import { toFloat64 } from '../../lib/io/tensor.ts'
import { adamw, distance, floats, paper, paperLars, tinySpec, views, withLearner } from './support.ts'

const plain: OptimizerSpec = { name: 'sgd', momentum: 0, nesterov: false, weightDecay: 0, decayAll: false }
const batch = views(12, 8)
const lr = 0.1

/** The state after steps, and what the first one has told. */
const after = (spec: LearnerSpec, steps = 1) =>
  withLearner(spec, async (learner) => {
    const begun = await learner.state()
    const first = await learner.stepViews(batch, null, lr)
    for (let step = 1; step < steps; step++) await learner.stepViews(views(12, 8, step + 1), null, lr)
    return { begun, first, state: await learner.state() }
  })
const gradientsOf = (spec: LearnerSpec) => withLearner(spec, (learner) => learner.gradients(batch, null))
const named = (tensors: NativeTensor[], name: string) =>
  Float64Array.from(toFloat64(tensors.find((tensor) => tensor.name === name)!))

describe('gradients clipped by their norm', function () {
  this.timeout(120_000)

  for (const [name, optimizer] of Object.entries({
    'SGD without momentum': plain,
    SGD: tinySpec().optimizer,
    "the paper's LARS": paperLars,
    "lightly's LARS": { ...paperLars, convention: 'torch', epsilon: 1e-8 } as const,
    AdamW: adamw,
  })) {
    it(`${name}: a step by clip_grad_norm_'s factor, by hand; none where they are short enough (fp64)`, async () => {
      const { gradients, gradientNorm } = await gradientsOf(tinySpec({ optimizer }))
      const norm = Math.hypot(...gradients.map((tensor) => Math.hypot(...floats(tensor))))
      expect(gradientNorm).to.be.closeTo(norm, 1e-12 * norm)
      for (const maxGradientNorm of [norm / 7, 7 * norm]) {
        const { begun, first, state } = await after(tinySpec({ optimizer, maxGradientNorm }))
        expect(first.gradientNorm, 'that before').to.equal(gradientNorm)
        const factor = Math.min(1, maxGradientNorm / (norm + 1e-6))
        const variables = gradients.map((tensor) => {
          const gradient = Float64Array.from(floats(tensor), (value) => factor * value)
          const zeros = () => new Float64Array(gradient.length)
          const excluded = tensor.shape.length === 1
          return {
            weight: named(begun, tensor.name),
            gradient,
            momentum: zeros(),
            secondMoment: zeros(),
            excluded,
          }
        })
        loadAddon().optimizerStep(optimizer, variables, lr, 'cpu', 1)
        for (const [i, { name }] of gradients.entries()) {
          const [wanted, got] = [variables[i]!.weight, named(state, name)]
          const apart = Math.hypot(...wanted.map((value, j) => value - got[j]!))
          expect(apart, name).to.be.below(1e-9)
        }
      }
    })
  }

  it('has one norm whatever the shards: 1 = 2 = 3, uneven (fp64)', async () => {
    const spec = (shards: number) => tinySpec({ optimizer: plain, maxGradientNorm: 0.05, shards })
    const { begun, state: one } = await after(spec(1), 4)
    expect(distance(begun, one)).to.be.above(1e-3)
    for (const shards of [2, 3])
      expect(distance(one, (await after(spec(shards), 4)).state)).to.be.below(1e-10)
  })

  it('moves weights by lr · the norm, in fp16 by that of unscaled gradients', async () => {
    for (const precision of ['fp32', 'bf16', 'fp16'] as const) {
      const spec = tinySpec({ optimizer: plain, maxGradientNorm: 0.03, precision })
      const { begun, told, state } = await withLearner(spec, async (learner) => {
        const begun = await learner.state()
        let told = await learner.stepViews(batch, null, lr)
        // The loss scale that a run begins with may be too large; such steps move nothing.
        for (let step = 0; told.skipped && step < 16; step++) told = await learner.stepViews(batch, null, lr)
        return { begun, told, state: await learner.state() }
      })
      expect(told, precision).to.include({ skipped: false })
      expect(told.gradientNorm, precision).to.be.above(0.1)
      const weights = begun.filter(({ name }) => !/running|num_batches|loss_scale|^optimizer/.test(name))
      const squares = weights.map(({ name }) => {
        const [from, to] = [named(begun, name), named(state, name)]
        return from.reduce((sum, value, i) => sum + (value - to[i]!) ** 2, 0)
      })
      const moved = Math.sqrt(squares.reduce((sum, square) => sum + square))
      expect(moved / (lr * 0.03), precision).to.be.closeTo(1, 1e-3)
    }
  })

  it('recorded steps have the bits of those that are not', async () => {
    for (const recipe of [{ precision: 'fp64' }, { ...paper, precision: 'bf16' }] as const) {
      const spec = tinySpec({ ...recipe, maxGradientNorm: 0.05 })
      const [off, on] = [await after(spec, 6), await after({ ...spec, graph: 'rehearse' }, 6)]
      expect(distance(on.state, off.state)).to.equal(0)
    }
  })

  it('reads nothing back on the way: six steps on the meta device', async () => {
    for (const graph of ['off', 'rehearse'] as const) {
      const spec = tinySpec({ ...paper, maxGradientNorm: 0.05, device: 'meta', precision: 'bf16', graph })
      await withLearner(spec, async (learner) => {
        for (let step = 0; step < 6; step++)
          expect((await learner.stepViews(views(8, 32, step), null, lr)).loss).to.be.NaN
      })
    }
  })
})
