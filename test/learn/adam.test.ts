import { expect } from 'chai'
import type { LearnerSpec, NativeTensor } from '../../lib/addon/interface.ts'
import { rejection } from '../support/rejection.ts'
import { adamw, distance, floats, paper, tinySpec, views, withLearner } from './support.ts'
import { travel } from './travel.ts'

const adam = { ...adamw, name: 'adam', weightDecay: 1e-4 } as const
const withAdam = (overrides: Partial<LearnerSpec> = {}) => tinySpec({ optimizer: adamw, ...overrides })
const named = (state: NativeTensor[], name: string) => floats(state.find((tensor) => tensor.name === name)!)
const stepsOf = (state: NativeTensor[]) => [...named(state, 'optimizer.step')]

/** The state after steps on batches of their own. */
const after = (spec: LearnerSpec, steps: number, from: NativeTensor[] | null = null, first = 0) =>
  withLearner(spec, async (learner) => {
    if (from) await learner.load(from)
    for (let step = first; step < first + steps; step++)
      await learner.stepViews(views(12, 8, step), null, 1e-3)
    return learner.state()
  })

describe('a learner with Adam', function () {
  this.timeout(120_000)

  it('keeps two moments of each weight and one count of steps, by torch.optim’s names', async () => {
    const state = await after(withAdam(), 3)
    const weights = state.filter(({ name }) => !/^optimizer\.|running|num_batches/.test(name))
    const kept = state.filter(({ name }) => name.startsWith('optimizer.'))
    expect(kept.map(({ name }) => name)).to.have.members([
      ...weights.flatMap(({ name }) => [`optimizer.${name}.exp_avg`, `optimizer.${name}.exp_avg_sq`]),
      'optimizer.step',
    ])
    expect(stepsOf(state)).to.deep.equal([3])
    expect(Math.min(...named(state, 'optimizer.encoder.conv1.weight.exp_avg_sq'))).to.be.above(0)
  })

  for (const optimizer of [adam, adamw]) {
    it(`${optimizer.name}: 20 steps end at the same weights on 1, 2 and 3 shards, uneven (fp64)`, async () => {
      const one = await after(withAdam({ optimizer }), 20)
      const start = await after(withAdam({ optimizer }), 0)
      const moved = (name: string) =>
        distance(
          one.filter((tensor) => tensor.name === name),
          start.filter((tensor) => tensor.name === name),
        )
      expect(moved('encoder.conv1.weight')).to.be.above(1e-2)
      for (const shards of [2, 3]) {
        expect(distance(one, await after(withAdam({ optimizer, shards }), 20))).to.be.below(1e-5)
      }
    })
  }

  it('goes on from its state to the same bits, and begins anew from one without moments', async () => {
    for (const precision of ['fp64', 'bf16'] as const) {
      const spec = withAdam({ precision, shards: 2 })
      const whole = await after(spec, 5)
      const half = await after(spec, 2)
      expect(distance(whole, await after(spec, 3, half, 2))).to.equal(0)
      const bare = half.filter(({ name }) => !name.startsWith('optimizer.'))
      const anew = await after(spec, 3, bare, 2)
      expect(stepsOf(anew)).to.deep.equal([3])
      expect(distance(whole.slice(0, 1), anew.slice(0, 1))).to.be.above(1e-4)
    }
  })

  it('refuses the state of another optimizer, and has its own refused, by name; nothing is changed', async () => {
    const [sgd, adams] = [await after(tinySpec(), 1), await after(withAdam(), 1)]
    for (const [spec, foreign, part] of [
      [withAdam(), sgd, 'optimizer.encoder.conv1.weight`'],
      [tinySpec(), adams, 'optimizer.encoder.conv1.weight.exp_avg`'],
      [withAdam(), adams.filter(({ name }) => name !== 'optimizer.step'), 'of the optimizer'],
    ] as const) {
      await withLearner(spec, async (learner) => {
        const before = await learner.state()
        const error = await rejection(learner.load(foreign))
        expect(error).to.have.property('code', 'ERR_SIMCLR_INCOMPATIBLE_WEIGHTS')
        expect(error.message).to.contain(part).and.contain('optimizer')
        expect(distance(before, await learner.state())).to.equal(0)
      })
    }
  })

  it('decays BatchNorm and biases where all decay, and not otherwise', async () => {
    const [decayed, kept] = await Promise.all(
      [true, false].map((decayAll) => after(withAdam({ optimizer: { ...adamw, decayAll } }), 1)),
    )
    const scale = [decayed, kept].map((state) => named(state!, 'encoder.bn1.weight'))
    // Scales begin at 1: they part by lr · decay.
    scale[0]!.forEach((value, i) => {
      expect(scale[1]![i]! - value).to.be.closeTo(1e-3 * adamw.weightDecay, 1e-12)
    })
    expect([...named(decayed!, 'encoder.conv1.weight')]).to.deep.equal([
      ...named(kept!, 'encoder.conv1.weight'),
    ])
  })

  for (const optimizer of [adam, adamw]) {
    it(`${optimizer.name}: the loss of one batch falls in bf16, as it does in fp32`, async () => {
      const losses = (precision: 'bf16' | 'fp32') =>
        withLearner(withAdam({ optimizer, precision, shards: 2 }), async (learner) => {
          const told: number[] = []
          for (let step = 0; step < 12; step++)
            told.push((await learner.stepViews(views(32, 8), null, 1e-3)).loss)
          return told
        })
      const [half, single] = [await losses('bf16'), await losses('fp32')]
      expect(half.at(-1)).to.be.below(0.9 * half[0]!)
      expect(half.at(-1)! / single.at(-1)!).to.be.within(0.8, 1.25)
    })
  }

  it('counts no step that a loss scale leaves out', async () => {
    // A loss so steep that its gradients overflow in half precision with the scale that a run begins with.
    const steep = { temperature: 0.5, scale: 100 as 1, normalize: true }
    await withLearner(withAdam({ precision: 'fp16', loss: steep }), async (learner) => {
      let taken = 0
      let skipped = 0
      for (let step = 0; step < 16 && taken < 2; step++) {
        const result = await learner.stepViews(views(16, 8), null, 1e-3)
        if (result.skipped) skipped++
        else taken++
        expect(stepsOf(await learner.state())).to.deep.equal([taken])
      }
      expect([skipped > 0, taken]).to.deep.equal([true, 2])
    })
  })

  it('recorded steps have the bits of those that are not', async () => {
    for (const recipe of [{ precision: 'fp64' }, { ...paper, precision: 'bf16' }] as const) {
      const run = (graph: 'off' | 'rehearse') =>
        withLearner(tinySpec({ ...recipe, optimizer: adamw, graph }), async (learner) => {
          await travel(learner, { epoch: [6, 6, 6, 5], sizes: [8, 8], lr: 0.001, labels: null })
          return learner.state()
        })
      const [off, on] = [await run('off'), await run('rehearse')]
      expect(distance(on, off)).to.equal(0)
      expect(stepsOf(on)).to.deep.equal(stepsOf(off))
    }
  })

  for (const optimizer of [adam, { ...adamw, convention: 'paper' } as const]) {
    it(`${optimizer.name}: reads nothing back: six steps on the meta device`, async () => {
      const spec = withAdam({ optimizer, classes: 3, device: 'meta', precision: 'bf16', graph: 'rehearse' })
      const labels = Int32Array.from([0, 1, 2, 0])
      await withLearner(spec, async (learner) => {
        for (let step = 0; step < 6; step++)
          expect((await learner.stepViews(views(8, 32, step), labels, 1e-3)).loss).to.be.NaN
      })
    })
  }
})
