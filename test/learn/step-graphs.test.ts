import { expect } from 'chai'
import type { LearnerSpec, StepResult } from '../../lib/addon/interface.ts'
import { loadAddon } from '../../lib/addon/load.ts'
import { lower, simclrFamily, simclrSettings } from '../../lib/augment/index.ts'
import { temporaryFolder } from '../support/folder.ts'
import { runNative } from '../support/native.ts'
import { distance, paper, tinySpec, views, withLearner } from './support.ts'
import { travel } from './travel.ts'

const labelsOf = (images: number) => Int32Array.from({ length: images }, (_, i) => (i % 4) - 1)

/** An epoch of three full batches and an uneven one, at 8 px and then at 12 px. */
const course = { epoch: [6, 6, 6, 5], sizes: [8, 12], lr: 0.05 } as const

const values = ({ augmentSeconds, stepSeconds, replayed, ...rest }: StepResult) => rest

describe('steps that are recorded and replayed', function () {
  this.timeout(120_000)
  const folder = temporaryFolder()

  it('when which step is recorded: plain C++, under sanitizers', () => {
    expect(runNative('step_graphs', { output: folder('test') })).to.equal('ok\n')
  })

  const recipes: [string, Partial<LearnerSpec>][] = [
    ['torch, SGD, fp64', {}],
    ['paper, LARS, linear head, bf16', { ...paper, classes: 3, precision: 'bf16' }],
    ['paper, recomputed blocks, fp32', { ...paper, precision: 'fp32', recompute: true }],
    ['own negatives alone, linear head, fp32', { precision: 'fp32', globalNegatives: false, classes: 3 }],
  ]
  for (const [name, recipe] of recipes) {
    it(`${name}: on memory that stays, 20 steps have the bits of steps that are not`, async () => {
      const run = (graph: 'off' | 'rehearse') =>
        withLearner(tinySpec({ ...recipe, graph }), async (learner) => ({
          steps: await travel(learner, { ...course, labels: recipe.classes === undefined ? null : labelsOf }),
          state: await learner.state(),
        }))
      const [off, on] = [await run('off'), await run('rehearse')]
      expect(on.steps.map(values)).to.deep.equal(off.steps.map(values))
      expect(distance(on.state, off.state)).to.equal(0)
      expect(off.steps.every(({ replayed }) => !replayed)).to.equal(true)
      // Steps 4, 5, … of a shape: full batches at 8 px, then at 12 px; uneven ones come twice and three times.
      const replayed = on.steps.flatMap(({ replayed }, step) => (replayed ? [step] : []))
      expect(replayed).to.deep.equal([4, 5, 6, 8, 9, 14, 16, 17, 18])
    })
  }

  it('batches of a store with labels, gradients and loaded weights in between: the same bits', async () => {
    const addon = loadAddon()
    const store = new addon.ImageStore(16)
    await store.fillScenes({ seed: 3, first: 0, count: 16, size: 24 })
    const augmenter = new addon.Augmenter(lower(simclrFamily(simclrSettings('torch', 16, 1)), 16))
    const run = (graph: 'off' | 'rehearse') =>
      withLearner(tinySpec({ ...paper, classes: 3, graph }), async (learner) => {
        const start = await learner.state()
        const told: unknown[] = []
        for (let step = 0; step < 8; step++) {
          const indices = Uint32Array.from({ length: 6 }, (_, i) => (5 * step + i) % 16)
          const labels = Int32Array.from(indices, (i) => i % 3)
          const epochs = new Uint32Array(6).fill(step)
          const batch = augmenter.batch(store, { indices, epochs, seed: 5, views: 2, labels })
          told.push(values(await learner.step(batch, 0.1 / (step + 1))))
          if (step === 5) told.push((await learner.gradients(views(8, 16), labelsOf(4))).gradientNorm)
          if (step === 6) await learner.load(start)
        }
        return { told, state: await learner.state() }
      })
    const [off, on] = [await run('off'), await run('rehearse')]
    expect(on.told).to.deep.equal(off.told)
    expect(distance(on.state, off.state)).to.equal(0)
  })

  for (const precision of ['fp32', 'bf16'] as const) {
    it(`reads nothing back on the way: six steps on the meta device, ${precision}`, async () => {
      const spec = tinySpec({ ...paper, classes: 3, device: 'meta', precision, graph: 'rehearse' })
      const replayed = await withLearner(spec, async (learner) => {
        const steps: boolean[] = []
        for (let step = 0; step < 6; step++)
          steps.push((await learner.stepViews(views(8, 32, step), labelsOf(4), 0.1)).replayed)
        return steps
      })
      expect(replayed).to.deep.equal([false, false, false, true, true, true])
    })
  }

  it('refuses what cannot be recorded', () => {
    const make = (overrides: Partial<LearnerSpec>) => () => new (loadAddon().Learner)(tinySpec(overrides))
    const message = /Expected `graph` off for a learner whose step cannot be recorded/
    for (const graph of ['try', 'must'] as const) expect(make({ graph })).to.throw(message)
    for (const overrides of [{ precision: 'fp16' }, { chunkSize: 2 }, { shards: 2 }] as const)
      expect(make({ ...overrides, graph: 'rehearse' })).to.throw(message)
  })
})
