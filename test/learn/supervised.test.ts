import { expect } from 'chai'
import type { LearnerSpec, NativeTensor } from '../../lib/addon/interface.ts'
import { loadAddon } from '../../lib/addon/load.ts'
import { tensorFrom } from '../../lib/io/tensor.ts'
import { rejection } from '../support/rejection.ts'
import {
  distance,
  expectOneBatch,
  expectSlopes,
  floats,
  sevenLabels as labels,
  paperLars,
  random,
  supervisedSpec as supervised,
  tinySpec,
  views,
  withLearner,
} from './support.ts'

/** Of three layers, of which two can be kept. */
const head = { layers: 3, dim: 16, convention: 'torch' } as const
const batch = views(7, 8)

describe('a supervised learner', () => {
  for (const [name, recipe] of [
    ['SGD', {}],
    ['LARS, whose decay of the classifier is part of the loss', { optimizer: paperLars }],
    ['two views of each image', { loss: { temperature: 0.5, scale: 1, normalize: true, views: 2 } }],
    ['on a layer of the head that is kept', { head: { ...head, keep: 1 } }],
  ] as const) {
    it(`has one batch: loss, accuracy, every gradient and state, 1 = 2 = 3 shards, uneven: ${name}`, async () => {
      const given = views(7 * ((recipe as Partial<LearnerSpec>).loss?.views ?? 1), 8)
      const one = await expectOneBatch((shards) => supervised({ ...recipe, shards }), given, labels)
      expect(one.gradientNorm).to.be.above(0.1)
    })
  }

  for (const keep of [0, 1, 2]) {
    const kept = Array.from({ length: keep }, (_, i) => [
      `head.layers.${3 * i}.weight`,
      `head.layers.${3 * i + 1}.weight`,
      `head.layers.${3 * i + 1}.bias`,
    ]).flat()
    const hidden = keep === 2 ? 24 : null
    it(`has the gradient of its loss, in the encoder as in the classifier, with ${keep} layers of the head${hidden ? `, ${hidden} wide` : ''}`, async () => {
      await withLearner(supervised({ head: { ...head, hidden, keep } }), async (learner) => {
        const { loss, probeLoss } = await learner.gradients(batch, labels)
        expect(loss).to.equal(probeLoss)
        const parts = ['conv1.weight', 'bn1.weight', 'layer3.0.conv2.weight', 'layer4.1.bn2.bias']
        const others = ['classifier.weight', 'classifier.bias']
        await expectSlopes(learner, batch, labels, [
          ...parts.map((part) => `encoder.${part}`),
          ...kept,
          ...others,
        ])
      })
    })
  }

  it('stands on the kept layers after their BatchNorm and ReLU, by hand', async () => {
    const spec = supervised({ head: { ...head, keep: 2 }, frozenBatchNorm: true })
    await withLearner(spec, async (learner) => {
      const own = (await learner.state()).filter(({ name }) => !name.startsWith('optimizer.'))
      const shuffled = own.map((tensor, i) => {
        if (!/^(head|classifier)/.test(tensor.name) || tensor.dtype !== 'F64') return tensor
        const values = floats(random(tensor.name, tensor.shape, i))
        return tensorFrom(
          tensor.name,
          tensor.shape,
          Float64Array.from(values, (x) => (/running_var/.test(tensor.name) ? 1 + x / 2 : x)),
        )
      })
      await learner.load(shuffled)
      const of = (name: string) => floats(shuffled.find((tensor) => tensor.name === name)!)
      const dense = (x: number[], weight: ArrayLike<number>) =>
        Array.from({ length: weight.length / x.length }, (_, o) =>
          x.reduce((sum, value, i) => sum + value * weight[o * x.length + i]!, 0),
        )
      const { features } = await learner.forward(batch, { training: false, groups: false })
      const h = floats(features)
      const losses = Array.from(labels, (label, row) => {
        let x = Array.from(h.slice(64 * row, 64 * row + 64))
        for (const layer of [0, 1]) {
          const norm = (name: string) => of(`head.layers.${3 * layer + 1}.${name}`)
          x = dense(x, of(`head.layers.${3 * layer}.weight`)).map((value, i) => {
            const normal = (value - norm('running_mean')[i]!) / Math.sqrt(norm('running_var')[i]! + 1e-5)
            return Math.max(0, normal * norm('weight')[i]! + norm('bias')[i]!)
          })
        }
        const logits = dense(x, of('classifier.weight')).map((value, i) => value + of('classifier.bias')[i]!)
        return Math.log(logits.reduce((sum, value) => sum + Math.exp(value), 0)) - (logits[label] ?? 0)
      }).filter((_, row) => labels[row]! >= 0)
      const expected = losses.reduce((sum, value) => sum + value) / losses.length
      expect((await learner.gradients(batch, labels)).loss).to.be.closeTo(expected, 1e-10 * expected)
    })
  })

  it('keeps the first layers of the head, and no others', async () => {
    await withLearner(supervised({ head: { ...head, keep: 1 } }), async (learner) => {
      const kept = (await learner.state()).filter(({ name }) => name.startsWith('head.'))
      expect(kept.map(({ name }) => name)).to.have.members([
        'head.layers.0.weight',
        ...['weight', 'bias', 'running_mean', 'running_var', 'num_batches_tracked'].map(
          (name) => `head.layers.1.${name}`,
        ),
      ])
      expect(learner.parameterCount.head).to.equal(64 * 64 + 2 * 64)
    })
    // As in contrastive training, whose weights they take over.
    const first = async (spec: LearnerSpec) =>
      withLearner(spec, async (learner) =>
        (await learner.state()).filter(({ name }) => name.startsWith('head.layers.0')),
      )
    const before = await first(tinySpec({ head }))
    expect(distance(before, await first(supervised({ head: { ...head, keep: 1 } })))).to.equal(0)
  })

  it('takes a step on the meta device with a layer that is kept', async () => {
    const spec = supervised({ head: { ...head, keep: 1 }, device: 'meta', precision: 'bf16' })
    const { loss } = await withLearner(spec, (learner) => learner.stepViews(batch, labels, 0.1))
    expect(loss).to.be.NaN
  })

  it('learns its images, which an online head beside NT-Xent never lets the encoder do', async () => {
    const after = (spec: LearnerSpec, given: NativeTensor) =>
      withLearner(spec, async (learner) => {
        for (let step = 0; step < 30; step++) await learner.stepViews(given, labels, 0.05)
        return await learner.gradients(given, labels)
      })
    const { loss, probeAccuracy } = await after(supervised(), batch)
    expect(loss).to.be.below(0.05)
    expect(probeAccuracy).to.equal(1)
    const encoderOf = async (others: Int32Array) =>
      withLearner(tinySpec({ classes: 3 }), async (learner) =>
        (await learner.gradients(views(14, 8), others)).gradients.filter(({ name }) =>
          name.startsWith('encoder.'),
        ),
      )
    expect(distance(await encoderOf(labels), await encoderOf(labels.toReversed()))).to.equal(0)
  })

  it('has no head, and tells nothing of a contrast', async () => {
    await withLearner(supervised(), async (learner) => {
      expect(learner.parameterCount.head).to.equal(0)
      const step = await learner.stepViews(batch, labels, 0.1)
      expect(step).to.include({ contrastiveAccuracy: null, entropy: null })
      expect(step.loss).to.equal(step.probeLoss)
      const names = (await learner.state()).map(({ name }) => name.split('.')[0])
      expect([...new Set(names)].sort()).to.deep.equal(['classifier', 'encoder', 'optimizer'])
    })
  })

  it('wants classes, whole batches and labels', async () => {
    const { Learner } = loadAddon()
    expect(() => new Learner(supervised({ classes: 0 }))).to.throw(/Expected classes.*received 0 classes/)
    expect(() => new Learner(supervised({ chunkSize: 4 }))).to.throw(/chunks of 4 images/)
    for (const keep of [3, 4])
      expect(() => new Learner(supervised({ head: { ...head, keep } }))).to.throw(
        new RegExp(`less than the 3 layers.*\`head.keep\` but received ${keep}`),
      )
    const error = await withLearner(supervised(), (learner) => rejection(learner.stepViews(batch, null, 0.1)))
    expect(error.message).to.match(/Expected labels for a supervised step/)
  })
})

describe('classProbabilities', () => {
  it('is the softmax of a linear map', async () => {
    const [features, weight] = [Float32Array.of(1, 2, -1, 0), Float32Array.of(1, 0, 0, 1, -1, -1)]
    const bias = Float32Array.of(0, 0.5, -0.25)
    const actual = await loadAddon().classProbabilities(features, weight, bias)
    const expected = [
      [1, 2.5, -3.25],
      [-1, 0.5, 0.75],
    ].flatMap((logits) => {
      const sum = logits.reduce((total, value) => total + Math.exp(value), 0)
      return logits.map((value) => Math.exp(value) / sum)
    })
    expect(actual).to.have.length(6)
    for (const [i, value] of actual.entries()) expect(value).to.be.closeTo(expected[i]!, 1e-6)
  })

  it('goes through hidden layers first, with a ReLU behind each', async () => {
    const layer = { weight: Float32Array.of(1, 1, 1, -1), bias: Float32Array.of(0.5, 0) }
    const actual = await loadAddon().classProbabilities(
      Float32Array.of(1, 2),
      Float32Array.of(1, 0, 0, 1),
      Float32Array.of(0, 0),
      [layer, layer],
    )
    // (1, 2) → (3.5, 0) → (4, 3.5)
    const second = 1 / (1 + Math.exp(0.5))
    expect(actual[0]).to.be.closeTo(1 - second, 1e-6)
    expect(actual[1]).to.be.closeTo(second, 1e-6)
  })

  it('goes through hidden layers of any width, each of which takes what the one before it gives', async () => {
    const narrow = { weight: Float32Array.of(1, 1), bias: Float32Array.of(1) } // 2 → 1
    const wide = { weight: Float32Array.of(1, -1, 2), bias: Float32Array.of(0, 0, 0.5) } // 1 → 3
    const of = (hidden: (typeof narrow)[], features = Float32Array.of(1, 2)) =>
      loadAddon().classProbabilities(
        features,
        Float32Array.of(1, 0, 0, 0, 0, 1),
        Float32Array.of(0, 0),
        hidden,
      )
    // (1, 2) → 4 → (4, 0, 8.5)
    const actual = await of([narrow, wide])
    expect(actual[0]).to.be.closeTo(1 / (1 + Math.exp(4.5)), 1e-6)
    expect(() => of([narrow])).to.throw(/gives the 3 numbers that `weight` takes for `hidden`/)
    expect(() => of([wide, wide])).to.throw(/takes as many numbers as the one before it gives for `hidden`/)
    expect(() => of([narrow, wide], Float32Array.of(1, 2, 3))).to.throw(/whole rows of `dim`.*`features`/)
    const none = { weight: new Float32Array(), bias: new Float32Array() }
    expect(() => of([none])).to.throw(/`hidden`/)
  })

  it('refuses what does not fit', () => {
    const of = (...lengths: [number, number, number]) =>
      loadAddon().classProbabilities(
        ...(lengths.map((length) => new Float32Array(length)) as [Float32Array, Float32Array, Float32Array]),
      )
    expect(() => of(4, 5, 2)).to.throw(/as many numbers a class.*`weight`/)
    expect(() => of(5, 4, 2)).to.throw(/whole rows of `dim` numbers.*`features`/)
    expect(() => of(4, 4, 0)).to.throw(/`weight`/)
  })
})
