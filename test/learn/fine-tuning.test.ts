import { expect } from 'chai'
import type { LearnerSpec, NativeTensor, OptimizerSpec } from '../../lib/addon/interface.ts'
import {
  adamw,
  distance,
  expectGradients,
  expectOneBatch,
  floats,
  sevenLabels as labels,
  paperLars,
  random,
  supervisedSpec,
  tinySpec,
  views,
  withLearner,
} from './support.ts'

const batch = views(7, 8)
const smoothing = 0.3

const lossOf = (spec: LearnerSpec) =>
  withLearner(spec, async (learner) => (await learner.gradients(batch, labels)).loss)

describe('label smoothing of a supervised learner (fp64)', function () {
  this.timeout(60_000)

  it("is PyTorch's: 1 - ε for the label and ε / K for each of K classes, by hand; images without a label are left out", async () => {
    await withLearner(
      supervisedSpec({ labelSmoothing: smoothing, frozenBatchNorm: true }),
      async (learner) => {
        const state = (await learner.state()).map((tensor) =>
          tensor.name === 'classifier.weight' ? { ...random(tensor.name, tensor.shape, 3) } : tensor,
        )
        await learner.load(state)
        const { features } = await learner.forward(batch, { training: false, groups: false })
        const [h, weight] = [
          floats(features),
          floats(state.find(({ name }) => name === 'classifier.weight')!),
        ]
        const dim = weight.length / 3
        const losses = Array.from(labels, (label, row) => {
          const logits = [0, 1, 2].map((y) =>
            Array.from(h.slice(row * dim, (row + 1) * dim)).reduce(
              (sum, x, i) => sum + x * weight[y * dim + i]!,
              0,
            ),
          )
          const log = Math.log(logits.reduce((sum, value) => sum + Math.exp(value), 0))
          const share = (y: number) => (y === label ? 1 - smoothing : 0) + smoothing / 3
          return logits.reduce((sum, value, y) => sum - share(y) * (value - log), 0)
        }).filter((_, row) => labels[row]! >= 0)
        const expected = losses.reduce((sum, value) => sum + value) / losses.length
        expect((await learner.gradients(batch, labels)).loss).to.be.closeTo(expected, 1e-10 * expected)
      },
    )
  })

  it('has the gradient of its loss, in the encoder as in the classifier', async () => {
    await withLearner(supervisedSpec({ labelSmoothing: smoothing }), async (learner) => {
      const names = ['encoder.conv1.weight', 'encoder.layer4.1.bn2.bias', 'classifier.weight']
      await expectGradients(learner, names, batch, labels)
    })
  })

  it('has one batch: loss, accuracy, every gradient and state, 1 = 2 = 3 shards, uneven', async () => {
    await expectOneBatch((shards) => supervisedSpec({ labelSmoothing: smoothing, shards }), batch, labels)
  })

  it('a student of a teacher and of labels has it in the labels alone', async () => {
    const tensors = await withLearner(supervisedSpec({ seed: 9 }), async (learner) =>
      (await learner.state()).filter(({ name }) => !name.startsWith('optimizer.')),
    )
    const { encoder, head } = tinySpec()
    const teacher = { encoder, head: { ...head, keep: 0 }, classes: 3, tensors }
    const student = (labelSmoothing: number, weight: number) =>
      lossOf(supervisedSpec({ labelSmoothing, teacher, distillation: { temperature: 1, weight } }))
    const plain = await lossOf(supervisedSpec())
    const smooth = await lossOf(supervisedSpec({ labelSmoothing: smoothing }))
    expect(Math.abs(smooth - plain)).to.be.above(1e-6)
    const [without, withIt] = [await student(0, 0.25), await student(smoothing, 0.25)]
    expect(withIt - without).to.be.closeTo(0.75 * (smooth - plain), 1e-12)
    expect(await student(smoothing, 1)).to.equal(await student(0, 1))
  })

  it('leaves the online linear head beside NT-Xent as it is', async () => {
    const told = (labelSmoothing: number) =>
      withLearner(tinySpec({ classes: 3, labelSmoothing }), (learner) =>
        learner.gradients(views(14, 8), labels),
      )
    expect((await told(smoothing)).probeLoss).to.equal((await told(0)).probeLoss)
  })
})

describe('a learning rate of its own for the encoder (fp64)', function () {
  this.timeout(60_000)
  const torchLars = { ...paperLars, convention: 'torch', epsilon: 1e-8 } as const
  const optimizers: Record<string, OptimizerSpec> = {
    SGD: { name: 'sgd', momentum: 0.9, nesterov: true, weightDecay: 0.01, decayAll: true },
    "the paper's LARS": paperLars,
    'LARS, popular momentum': { ...paperLars, classicMomentum: false },
    "lightly's LARS": torchLars,
    Adam: { ...adamw, name: 'adam' },
    AdamW: adamw,
  }
  const head = { layers: 2, dim: 16, convention: 'torch', keep: 1 } as const
  const after = (spec: LearnerSpec, lr: number) =>
    withLearner(spec, async (learner) => {
      await learner.stepViews(batch, labels, lr)
      return learner.state()
    })
  const isOwn = ({ name }: NativeTensor) => /^(optimizer\.)?classifier\./.test(name)

  for (const [name, optimizer] of Object.entries(optimizers)) {
    it(`${name}: encoder and kept layers step as at that rate, the classifier as at its own`, async () => {
      const spec = supervisedSpec({ optimizer, head })
      const both = await after({ ...spec, encoderLrScale: 0.125 }, 0.08)
      const [slow, fast] = [await after(spec, 0.01), await after(spec, 0.08)]
      expect(distance(slow.filter(isOwn), fast.filter(isOwn))).to.be.above(1e-4)
      expect(distance(both.filter(isOwn), fast.filter(isOwn))).to.be.below(1e-12)
      const rest = (state: NativeTensor[]) => state.filter((tensor) => !isOwn(tensor))
      expect(distance(rest(slow), rest(fast))).to.be.above(1e-4)
      expect(distance(rest(both), rest(slow))).to.be.below(1e-12)
    })
  }

  it('steps on a device that has no kernels for it', async () => {
    for (const optimizer of Object.values(optimizers)) {
      const spec = supervisedSpec({ optimizer, encoderLrScale: 0.1, device: 'meta', precision: 'bf16' })
      const { loss } = await withLearner(spec, (learner) => learner.stepViews(batch, labels, 0.1))
      expect(loss).to.be.NaN
    }
  })
})
