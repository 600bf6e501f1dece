import { expect } from 'chai'
import type { LearnerSpec, NativeTensor, StepResult, TeacherSpec } from '../../lib/addon/interface.ts'
import { loadAddon } from '../../lib/addon/load.ts'
import { tensorFrom } from '../../lib/io/tensor.ts'
import { rejection } from '../support/rejection.ts'
import {
  distance,
  expectGradients,
  expectOneBatch,
  floats,
  sevenLabels as labels,
  oneViewLoss as loss,
  paperLars,
  tinySpec,
  views,
  withLearner,
} from './support.ts'
import { knownTeacher, teacher, weightsOf } from './teacher.ts'

const batch = views(7, 8)

describe('a learner with a teacher', function () {
  this.timeout(60_000)
  let known: TeacherSpec
  const student = (overrides: Partial<LearnerSpec> = {}): LearnerSpec =>
    tinySpec({
      loss,
      classes: 3,
      supervised: true,
      teacher: known,
      distillation: { temperature: 2, weight: 1 },
      ...overrides,
    })

  before(async () => {
    known = await knownTeacher()
  })

  /** P(y | x; tau) of a network of these weights in evaluation mode, by hand from its last hidden values. */
  const opinion = (spec: LearnerSpec, tensors: NativeTensor[], tau: number) =>
    withLearner(spec, async (learner) => {
      await learner.load(tensors)
      const { projections } = await learner.forward(batch, { training: false, groups: false })
      const x = floats(projections!)
      const of = (name: string) => floats(tensors.find((tensor) => tensor.name === `classifier.${name}`)!)
      const [weight, bias] = [of('weight'), of('bias')]
      const dim = weight.length / 3
      return Array.from(labels, (_, row) => {
        const logits = Array.from(bias, (value, y) =>
          Array.from(weight.slice(y * dim, (y + 1) * dim)).reduce(
            (sum, w, i) => sum + w * x[row * dim + i]!,
            value,
          ),
        )
        const sum = logits.reduce((total, value) => total + Math.exp(value / tau), 0)
        return logits.map((value) => Math.exp(value / tau) / sum)
      })
    })

  for (const [name, recipe] of [
    ['the teacher alone', {}],
    ['labels too', { distillation: { temperature: 0.5, weight: 0.3 } }],
    ['LARS, whose decay of the classifier is part of the loss', { optimizer: paperLars }],
    ['two views of each image', { loss: { ...loss, views: 2 } }],
    ['on a layer of its own head', { head: { ...teacher.head, layers: 3, keep: 2 } }],
  ] as const) {
    it(`has one batch: loss, agreement, every gradient and state, 1 = 2 = 3 shards, uneven: ${name}`, async () => {
      const given = views(7 * ((recipe as Partial<LearnerSpec>).loss?.views ?? 1), 8)
      const one = await expectOneBatch((shards) => student({ ...recipe, shards }), given, labels)
      expect(one.gradientNorm).to.be.above(0.01)
    })
  }

  for (const [temperature, weight] of [
    [1, 1],
    [0.5, 1],
    [2, 0.25],
  ] as const) {
    it(`has SimCLR v2's loss by hand, τ ${temperature}, α ${weight}`, async () => {
      const firm = await weightsOf(tinySpec({ loss, classes: 3, supervised: true, seed: 3 }))
      const own = student({ distillation: { temperature, weight }, frozenBatchNorm: true })
      const plain = tinySpec({ loss, classes: 3, supervised: true })
      const [soft, hard] = [await opinion(plain, firm, temperature), await opinion(plain, firm, 1)]
      const wanted = await opinion(
        tinySpec({ loss, supervised: true, ...teacher }),
        known.tensors,
        temperature,
      )
      const mean = (values: number[]) => values.reduce((sum, value) => sum + value, 0) / values.length
      const distilled = mean(
        wanted.map((row, i) => row.reduce((sum, p, y) => sum - p * Math.log(soft[i]![y]!), 0)),
      )
      const labelled = [...labels].flatMap((label, i) => (label < 0 ? [] : [-Math.log(hard[i]![label]!)]))
      const expected = weight * temperature ** 2 * distilled + (1 - weight) * mean(labelled)
      const top = (row: number[]) => row.indexOf(Math.max(...row))
      const agreement = mean(wanted.map((row, i) => (top(row) === top(soft[i]!) ? 1 : 0)))
      await withLearner(own, async (learner) => {
        await learner.load(firm)
        const told = await learner.gradients(batch, labels)
        expect(told.loss).to.be.closeTo(expected, 1e-10 * Math.abs(expected))
        expect(told.probeLoss).to.equal(told.loss)
        expect(told.probeAccuracy).to.be.closeTo(agreement, 1e-12)
        expect(told).to.include({ contrastiveAccuracy: null, entropy: null })
      })
    })

    it(`has that loss's gradient, τ ${temperature}, α ${weight}`, async () => {
      await withLearner(student({ distillation: { temperature, weight } }), async (learner) => {
        const parts = ['conv1.weight', 'bn1.weight', 'layer3.0.conv2.weight']
        const names = [...parts.map((part) => `encoder.${part}`), ...['classifier.weight', 'classifier.bias']]
        await expectGradients(learner, names, batch, labels)
      })
    })
  }

  it('who is the teacher itself has nothing to learn', async () => {
    await withLearner(student({ ...teacher, frozenBatchNorm: true }), async (learner) => {
      await learner.load(known.tensors)
      const { gradientNorm, probeAccuracy, loss: least } = await learner.gradients(batch, null)
      expect(gradientNorm).to.be.below(1e-12)
      expect(probeAccuracy).to.equal(1)
      expect(least).to.be.above(0.1)
    })
  })

  it('does not look at labels where the teacher has all the weight, nor change the teacher', async () => {
    await withLearner(student(), async (learner) => {
      const start = await learner.state()
      const without = await learner.gradients(batch, null)
      await learner.load(start)
      const { gradients, ...told } = await learner.gradients(batch, labels)
      expect(distance(gradients, without.gradients)).to.equal(0)
      for (let step = 0; step < 3; step++) await learner.stepViews(views(7, 8, step), null, 0.1)
      await learner.load(start)
      const { gradients: again, ...later } = await learner.gradients(batch, null)
      expect(distance(gradients, again)).to.equal(0)
      expect(later).to.deep.equal(told)
    })
  })

  it('comes to agree with it', async () => {
    await withLearner(student({ distillation: { temperature: 1, weight: 1 } }), async (learner) => {
      const before = await learner.gradients(batch, null)
      for (let step = 0; step < 40; step++) await learner.stepViews(batch, null, 0.05)
      const after = await learner.gradients(batch, null)
      expect(after.probeAccuracy).to.equal(1)
      expect(after.loss).to.be.below(0.9 * before.loss)
    })
  })

  for (const precision of ['fp32', 'bf16'] as const) {
    for (const weight of [1, 0.5]) {
      it(`has the same bits where steps are replayed: ${precision}, α ${weight}`, async () => {
        const run = (graph: 'off' | 'rehearse') =>
          withLearner(
            student({ precision, graph, distillation: { temperature: 2, weight } }),
            async (learner) => {
              const steps: StepResult[] = []
              for (let step = 0; step < 6; step++)
                steps.push(await learner.stepViews(views(7, 8, step), weight < 1 ? labels : null, 0.05))
              return { losses: steps.map((step) => step.loss), steps, state: await learner.state() }
            },
          )
        const [off, on] = [await run('off'), await run('rehearse')]
        expect(on.losses).to.deep.equal(off.losses)
        expect(distance(on.state, off.state)).to.equal(0)
        expect(on.steps.at(-1)!.replayed).to.equal(true)
      })

      it(`takes steps on the meta device: ${precision}, α ${weight}`, async () => {
        const spec = student({ precision, device: 'meta', distillation: { temperature: 2, weight } })
        const told = await withLearner(spec, (learner) => learner.stepViews(batch, labels, 0.1))
        expect(told.loss).to.be.NaN
      })
    }
  }

  it('wants classes, weights and labels that fit', async () => {
    const make = (overrides: Partial<LearnerSpec>) => () => new (loadAddon().Learner)(student(overrides))
    expect(make({ classes: 4 })).to.throw(/a supervised learner of its 3 classes.*a learner of 4 classes/)
    expect(make({ supervised: false })).to.throw(/a supervised learner of its 3 classes/)
    expect(make({ distillation: { temperature: 0, weight: 1 } })).to.throw(/temperature 0/)
    for (const weight of [0, 1.5])
      expect(make({ distillation: { temperature: 1, weight } })).to.throw(/a weight above 0 and up to 1/)
    const tensors = known.tensors.filter(({ name }) => name !== 'head.layers.0.weight')
    expect(make({ teacher: { ...known, tensors } })).to.throw(/head\.layers\.0\.weight/)
    const spoiled = known.tensors.map((tensor) =>
      tensor.name === 'classifier.bias'
        ? tensorFrom(tensor.name, tensor.shape, Float64Array.of(0, Number.NaN, 0))
        : tensor,
    )
    expect(make({ teacher: { ...known, tensors: spoiled } })).to.throw(/finite weights but `classifier.bias`/)
    const some = student({ distillation: { temperature: 1, weight: 0.5 } })
    const error = await withLearner(some, (learner) => rejection(learner.stepViews(batch, null, 0.1)))
    expect(error.message).to.match(/Expected labels for a supervised step/)
  })
})
