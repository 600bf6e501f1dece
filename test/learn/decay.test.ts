import { expect } from 'chai'
import type { LearnerSpec, NativeTensor, OptimizerSpec } from '../../lib/addon/interface.ts'
import { adamw, floats, paperLars, sevenLabels, supervisedSpec, views, withLearner } from './support.ts'

const lr = 1e-2
const decay = 0.1
const sgd: OptimizerSpec = {
  name: 'sgd',
  momentum: 0.9,
  nesterov: false,
  weightDecay: decay,
  decayAll: false,
}

/** The state after one step from the same weights. */
const after = (spec: LearnerSpec) =>
  withLearner(spec, async (learner) => {
    await learner.stepViews(views(7, 8), sevenLabels, lr)
    return learner.state()
  })

const named = (state: NativeTensor[], name: string) => floats(state.find((tensor) => tensor.name === name)!)

/** What decay alone has moved in a first step, over lr · decay · the weight it began with. */
async function moved(optimizer: OptimizerSpec, name: string): Promise<number[]> {
  const spec = supervisedSpec({ optimizer: { ...optimizer, weightDecay: decay } })
  const begun = await withLearner(spec, (learner) => learner.state())
  const [decayed, kept] = [
    await after(spec),
    await after({ ...spec, optimizer: { ...optimizer, weightDecay: 0 } }),
  ]
  const [from, to, without] = [begun, decayed, kept].map((state) => named(state, name))
  return Array.from(from!, (weight, i) => (without![i]! - to![i]!) / (lr * decay * weight))
}

/** A first step of Adam is the gradient's sign, whatever decay adds to the gradient: AdamW's decay stands apart. */
const optimizers = { sgd, adamw }

describe('weight decay of a learner with a classifier (fp64)', () => {
  for (const [name, optimizer] of Object.entries(optimizers)) {
    for (const decayAll of [false, true]) {
      it(`${name}, ${decayAll ? 'all' : 'not all'}: kernels decay, the linear head's too; BatchNorm where all do`, async () => {
        const spec = { ...optimizer, decayAll } as OptimizerSpec
        for (const kernel of ['encoder.conv1.weight', 'classifier.weight']) {
          for (const share of await moved(spec, kernel)) expect(share, kernel).to.be.closeTo(1, 1e-6)
        }
        for (const share of await moved(spec, 'encoder.bn1.weight')) {
          expect(share).to.be.closeTo(decayAll ? 1 : 0, 1e-9)
        }
      })
    }
  }

  it("lars: the linear head's kernel decays by its loss, once, and BatchNorm does not", async () => {
    for (const share of await moved(paperLars, 'classifier.weight')) expect(share).to.be.closeTo(1, 1e-6)
    for (const share of await moved(paperLars, 'encoder.bn1.weight')) expect(share).to.equal(0)
  })
})
