import { expect } from 'chai'
import type { LearnerSpec } from '../../lib/addon/interface.ts'
import { loadAddon } from '../../lib/addon/load.ts'
import {
  adamw,
  distance,
  expectGradients,
  expectOneBatch,
  floats,
  isFrozen,
  sevenLabels as labels,
  oneViewLoss as loss,
  paper,
  paperLars,
  supervisedSpec,
  tinySpec,
  views,
  withLearner,
} from './support.ts'

const head = { layers: 3, dim: 16, convention: 'torch' } as const
/** What comes after this group is trained. */
const after = (fineTuneAfterBlock: number, overrides: Partial<LearnerSpec> = {}): LearnerSpec =>
  supervisedSpec({ fineTuneAfterBlock, ...overrides })
const batch = views(7, 8)

const isWeight = (name: string) => !name.startsWith('optimizer.') && !/running|num_batches/.test(name)

describe('a learner of what comes after a group of blocks', () => {
  for (const [block, recipe, overrides] of [
    [0, 'SGD that decays all', {}],
    [
      2,
      'AdamW that decays all, a layer of the head',
      { optimizer: { ...adamw, decayAll: true }, head: { ...head, keep: 1 } },
    ],
    [3, 'LARS, paper convention', { ...paper, loss, optimizer: paperLars }],
    [4, 'SGD, three shards, bf16', { shards: 3, precision: 'bf16' }],
    [4, 'SGD, a layer of the head', { head: { ...head, keep: 1 } }],
  ] as const satisfies [number, string, Partial<LearnerSpec>][]) {
    it(`leaves what is before it, statistics too, to the bit, and moves the rest: ${block}, ${recipe}`, async () => {
      await withLearner(after(block, overrides), async (learner) => {
        const before = new Map((await learner.state()).map((tensor) => [tensor.name, tensor]))
        for (let step = 0; step < 3; step++) await learner.stepViews(views(7, 16, step + 1), labels, 0.05)
        const state = await learner.state()
        expect(state.map(({ name }) => name)).to.have.members([...before.keys()])
        const frozen = state.filter(({ name }) => isFrozen(name, block))
        // Stem, and four normalised convolutions a group; each projects but torch's first.
        expect(frozen).to.have.length.above(5 + 24 * block)
        for (const tensor of frozen)
          expect(tensor.data, tensor.name).to.deep.equal(before.get(tensor.name)!.data)
        for (const { name, data } of state.filter(({ name }) => !isFrozen(name, block))) {
          if (name !== 'optimizer.step' || data.some((byte) => byte !== 0))
            expect(data, name).to.not.deep.equal(before.get(name)!.data)
        }
      })
    })

    it(`has no gradient of it and no optimizer's state: ${block}, ${recipe}`, async () => {
      await withLearner(after(block, overrides), async (learner) => {
        const names = (await learner.state()).map(({ name }) => name)
        const trained = names.filter((name) => isWeight(name) && !isFrozen(name, block))
        const { gradients } = await learner.gradients(batch, labels)
        expect(gradients.map(({ name }) => name)).to.have.members(trained)
        const kept = names.flatMap((name) => name.match(/^optimizer\.(.*?)(\.exp_avg(_sq)?)?$/)?.[1] ?? [])
        expect([...new Set(kept)].filter((name) => name !== 'step')).to.have.members(trained)
      })
    })
  }

  it('trains all of it where nothing is frozen, as without the option', async () => {
    const run = (spec: LearnerSpec) =>
      withLearner(spec, async (learner) => {
        await learner.stepViews(batch, labels, 0.05)
        return await learner.state()
      })
    expect(distance(await run(after(-1)), await run(supervisedSpec()))).to.equal(0)
  })

  /** Weights and statistics that evaluation mode shows. */
  const moved = async (spec: LearnerSpec) =>
    withLearner(spec, async (learner) => {
      for (let step = 0; step < 3; step++) await learner.stepViews(views(7, 8, step + 5), labels, 0.05)
      return (await learner.state()).filter(({ name }) => !name.startsWith('optimizer.'))
    })

  for (const block of [0, 1, 2, 3, 4]) {
    it(`has the gradients of the whole network with BatchNorm in evaluation mode: ${block}`, async () => {
      const start = await moved(after(-1))
      const of = (fineTuneAfterBlock: number) =>
        withLearner(after(fineTuneAfterBlock, { frozenBatchNorm: true }), async (learner) => {
          await learner.load(start)
          return await learner.gradients(batch, labels)
        })
      const [whole, part] = [await of(-1), await of(block)]
      expect(part.loss).to.equal(whole.loss)
      const rest = whole.gradients.filter(({ name }) => !isFrozen(name, block))
      expect(distance(rest, part.gradients)).to.be.below(1e-12)
      const squares = rest.flatMap((tensor) => Array.from(floats(tensor), (value) => value ** 2))
      expect(part.gradientNorm).to.be.closeTo(Math.sqrt(squares.reduce((a, b) => a + b)), 1e-10)
    })

    it(`normalises by running statistics before it, by the batch's after it: ${block}`, async () => {
      const start = await moved(after(-1))
      const groups = (fineTuneAfterBlock: number, training: boolean) =>
        withLearner(after(fineTuneAfterBlock), async (learner) => {
          await learner.load(start)
          return (await learner.forward(batch, { training, groups: true })).groups
        })
      const [actual, evaluation] = [await groups(block, true), await groups(-1, false)]
      for (const [i, output] of actual.entries()) {
        const away = distance([evaluation[i]!], [output])
        if (i <= block) expect(away, output.name).to.equal(0)
        else expect(away, output.name).to.be.above(0.01)
      }
    })
  }

  it('has the gradient of its loss, with the batch’s statistics after frozen groups', async () => {
    await withLearner(after(2, { head: { ...head, keep: 1 } }), async (learner) => {
      const parts = ['layer3.0.conv1.weight', 'layer3.0.downsample.0.weight', 'layer4.1.bn2.bias']
      const names = parts.map((part) => `encoder.${part}`)
      await expectGradients(learner, names, batch, labels)
    })
  })

  for (const block of [0, 3, 4]) {
    it(`has one batch, 1 = 2 = 3 shards, uneven: ${block}`, async () => {
      await expectOneBatch((shards) => after(block, { shards }), batch, labels)
    })

    it(`has the same bits where activations are computed again: ${block}`, async () => {
      const run = (recompute: boolean) =>
        withLearner(after(block, { recompute, shards: 2 }), async (learner) => {
          await learner.stepViews(batch, labels, 0.05)
          return [...(await learner.state()), ...(await learner.gradients(batch, labels)).gradients]
        })
      const again = await run(true)
      expect(again).to.deep.equal(await run(false))
    })
  }

  it('has the same bits where steps are recorded, and a step on the meta device', async () => {
    const run = (graph: 'off' | 'rehearse') =>
      withLearner(after(2, { graph }), async (learner) => {
        for (let step = 0; step < 6; step++) await learner.stepViews(views(7, 8, step), labels, 0.05)
        return await learner.state()
      })
    expect(distance(await run('off'), await run('rehearse'))).to.equal(0)
    const spec = after(3, { device: 'meta', precision: 'bf16' })
    expect((await withLearner(spec, (learner) => learner.stepViews(batch, labels, 0.1))).loss).to.be.NaN
  })

  it('is no contrastive one, and has four groups', () => {
    const { Learner } = loadAddon()
    expect(() => new Learner(tinySpec({ fineTuneAfterBlock: 2 }))).to.throw(
      /Expected -1 for `fineTuneAfterBlock`.*but received 2\. Only a supervised learner/,
    )
    for (const block of [5, -2])
      expect(() => new Learner(after(block))).to.throw(/from -1 to 4 for `fineTuneAfterBlock`/)
  })
})
