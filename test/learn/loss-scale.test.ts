import { expect } from 'chai'
import type { GradientResult, LearnerSpec, NativeTensor } from '../../lib/addon/interface.ts'
import { compute } from '../dist/compute.ts'
import { both, travelled, workOf } from '../dist/exact.ts'
import { runRanks } from '../dist/ranks.ts'
import { rejection } from '../support/rejection.ts'
import { distance, floats, tinySpec, views, withLearner } from './support.ts'

/** Conventions have a scale of 1 or 2; others serve to make gradients large and small. */
const lossOf = (scale: number) => ({ temperature: 0.5, scale: scale as 1, normalize: true })
const half = (overrides: Partial<LearnerSpec> = {}) => tinySpec({ precision: 'fp16', ...overrides })
/** A loss so steep that its gradients overflow in half precision with the scale that a run begins with. */
const steep = half({ loss: lossOf(100) })

const named = (state: NativeTensor[], name: string) => floats(state.find((tensor) => tensor.name === name)!)
const trained = (state: NativeTensor[]) =>
  state.filter(({ name }) => !/running|num_batches|loss_scale/.test(name))
const withScale = (state: NativeTensor[], ...values: number[]) => [
  ...state.filter(({ name }) => name !== 'loss_scale'),
  {
    name: 'loss_scale',
    dtype: 'F64' as const,
    shape: [values.length],
    data: new Uint8Array(Float64Array.from(values).buffer),
  },
]

describe('loss scaling in fp16', function () {
  this.timeout(60_000)

  const gradientsOf = (spec: LearnerSpec, scale: number) =>
    withLearner(spec, async (learner) => {
      await learner.load(withScale(await learner.state(), scale, 0)) // other precisions pass over it
      return learner.gradients(views(16, 8), null)
    })

  it('gradients are nearer to those of fp64 than those of bf16 are, and scaled back', async () => {
    const exact = await gradientsOf(tinySpec(), 1)
    expect(exact.lossScale).to.equal(null)
    // Of all gradients as one vector. Most of it are ReLUs that flip, which a bit more or less of mantissa decides.
    const error = (made: GradientResult) => travelled(exact.gradients, made.gradients) / exact.gradientNorm
    const bf16 = error(await gradientsOf(tinySpec({ precision: 'bf16', shards: 2 }), 1))
    for (const scale of [64, 1024]) {
      const made = await gradientsOf(half({ shards: 2 }), scale)
      expect(made).to.include({ lossScale: scale, skipped: false })
      expect(made.loss / exact.loss).to.be.closeTo(1, 1e-2)
      expect(made.gradientNorm / exact.gradientNorm).to.be.closeTo(1, 1e-2)
      expect(error(made)).to.be.below(0.6 * bf16)
    }
  })

  for (const chunkSize of [0, 4]) {
    it(`keeps what halves cannot hold: a millionth of the loss has a millionth of the gradient (chunks of ${chunkSize})`, async () => {
      const whole = await gradientsOf(half({ chunkSize }), 64)
      const share = async (scale: number) =>
        (await gradientsOf(half({ loss: lossOf(1e-6), chunkSize }), scale)).gradientNorm /
        whole.gradientNorm /
        1e-6
      expect(await share(65536)).to.be.closeTo(1, 0.01)
      expect(Math.abs((await share(1)) - 1), 'without scaling').to.be.above(0.05)
    })
  }

  it('an overflow leaves weights and momentum as they are and halves the scale until a step is taken', async () => {
    await withLearner(steep, async (learner) => {
      const start = await learner.state()
      const steps = []
      for (let i = 0; i < 16 && steps.at(-1)?.skipped !== false; i++) {
        const before = trained(await learner.state())
        steps.push(await learner.stepViews(views(16, 8), null, 0.01))
        expect(distance(before, trained(await learner.state())) > 0).to.equal(!steps.at(-1)!.skipped)
      }
      expect(steps.length).to.be.within(2, 15)
      expect(steps.map(({ lossScale }) => lossScale)).to.deep.equal(steps.map((_, i) => 65536 / 2 ** i))
      expect(steps.slice(0, -1).every(({ skipped, gradientNorm }) => skipped && gradientNorm === 0)).to.equal(
        true,
      )
      const end = await learner.state()
      expect([...named(end, 'loss_scale')]).to.deep.equal([65536 / 2 ** (steps.length - 1), 1])
      const moved = 'encoder.bn1.running_mean'
      expect([...named(end, moved)]).to.not.deep.equal([...named(start, moved)])
    })
  })

  it('doubles after 2,000 steps in a row', async () => {
    const scaleAfter = (steps: number) =>
      withLearner(half(), async (learner) => {
        await learner.load(withScale(await learner.state(), 1024, steps))
        const { lossScale } = await learner.stepViews(views(8, 8), null, 0.01)
        expect(lossScale).to.equal(1024)
        return [...named(await learner.state(), 'loss_scale')]
      })
    expect(await scaleAfter(1998)).to.deep.equal([1024, 1999])
    expect(await scaleAfter(1999)).to.deep.equal([2048, 0])
  })

  it('goes on from its state to the same bits, and begins anew from one without a scale', async () => {
    const batches = [1, 2, 3, 4].map((seed) => views(16, 8, seed))
    const run = async (spec: LearnerSpec, from: NativeTensor[] | null, steps: NativeTensor[]) =>
      withLearner(spec, async (learner) => {
        if (from) await learner.load(from)
        for (const batch of steps) await learner.stepViews(batch, null, 0.01)
        return learner.state()
      })
    const whole = await run(steep, null, batches)
    const parts = await run(steep, await run(steep, null, batches.slice(0, 2)), batches.slice(2))
    expect(parts.map(({ name }) => name)).to.include('loss_scale')
    expect(distance(whole, parts)).to.equal(0)
    const plain = whole.filter(({ name }) => name !== 'loss_scale')
    expect([...named(await run(steep, plain, []), 'loss_scale')]).to.deep.equal([65536, 0])
    // Other precisions pass over it.
    const single = await run(tinySpec({ precision: 'fp32' }), whole, [])
    expect(single.map(({ name }) => name)).to.not.include('loss_scale')
  })

  it('refuses a state that is none', async () => {
    await withLearner(half(), async (learner) => {
      const state = await learner.state()
      for (const values of [[0, 1], [1024, 2000], [Number.NaN, 0], [1024]]) {
        const error = await rejection(learner.load(withScale(state, ...values)))
        expect(error, `${values}`).to.have.property('code', 'ERR_SIMCLR_INCOMPATIBLE_WEIGHTS')
      }
    })
  })

  for (const [shards, sockets] of [
    [[1, 1], false],
    [[2, 1], false],
    [[1, 1], true],
  ] as const) {
    it(`ranks of ${shards.join(' and ')} threads go one process's way${sockets ? ' through sockets' : ''}`, async () => {
      // So flat a loss that nothing overflows.
      const flat = { loss: lossOf(1 / 32) }
      const work = workOf(flat, [...shards], { images: 32, steps: 2, lr: 0.01, labelled: false, sockets })
      work.spec.precision = 'fp16'
      const start = await withLearner(work.spec, (learner) => learner.state())
      const { one, ranks } = await both(work)
      const way = travelled(trained(start), trained(one.state))
      for (const { state, gradients } of ranks) {
        expect(gradients).to.include({ skipped: false, lossScale: 65536 })
        expect(gradients.gradientNorm / one.gradients.gradientNorm).to.be.closeTo(1, 0.05)
        // Halves round, and ReLUs flip: a tenth of the way.
        expect(travelled(trained(one.state), trained(state)) / way).to.be.below(0.25)
        expect(distance(trained(ranks[0]!.state), trained(state))).to.equal(0)
      }
    })
  }

  it('what overflows on one rank alone is skipped by all', async () => {
    // The second rank's pixels are nearly black: with BatchNorm of its own it differentiates by a hundred times more.
    const local = { globalBatchNorm: false, globalNegatives: false, loss: lossOf(1 / 32) }
    const work = workOf(local, [1, 1], { steps: 1, gains: [1, 1e-3] })
    work.spec.precision = 'fp16'
    const alone = await Promise.all([0, 1].map((rank) => compute(work.spec, work, rank, 2)))
    expect(alone.map(({ gradients }) => gradients.lossScale)).to.deep.equal([65536, 32768])

    const [first, second] = await runRanks(work)
    const start = await withLearner(work.spec, (learner) => learner.state())
    for (const { state, gradients } of [first!, second!]) {
      expect(gradients.lossScale).to.equal(32768)
      expect(distance(trained(start), trained(state))).to.equal(0)
    }
  })
})
