import { expect } from 'chai'
import { compute } from '../dist/compute.ts'
import { runRanks, type Work } from '../dist/ranks.ts'
import { distance, tinySpec } from '../learn/support.ts'
import { needGpu, paper } from './support.ts'

/** Tensors of a GPU go between ranks through NCCL or not at all: one rank alone connects and queues collectives as many do. */
describe('ranks whose collectives NCCL carries', function () {
  this.timeout(240_000)
  before(needGpu)

  const work = (devices: string[]): Work => ({
    spec: tinySpec({ ...paper, classes: 3, precision: 'fp64', device: 'cuda:0' }),
    shards: devices.map(() => 1),
    devices,
    images: 14,
    size: 16,
    steps: 6,
    lr: 0.05,
    labelled: true,
  })

  /** Weights, statistics and momentum after six steps, one of them of a smaller batch, and the gradients of a seventh. */
  async function expectOneLearner(devices: string[]): Promise<void> {
    const alone = await compute(work(devices).spec, work(devices))
    for (const { state, gradients, traffic } of await runRanks(work(devices))) {
      expect(traffic.collectives).to.be.above(6 * 20)
      expect(gradients.loss).to.be.closeTo(alone.gradients.loss, 1e-9 * alone.gradients.loss)
      expect(distance(gradients.gradients, alone.gradients.gradients)).to.be.below(1e-7)
      expect(distance(state, alone.state)).to.be.below(1e-7)
    }
  }

  it('one rank computes what a learner without ranks does, in fp64', () => expectOneLearner(['cuda:0']))

  it('two ranks on two GPUs compute what one learner does, in fp64', () =>
    expectOneLearner(['cuda:0', 'cuda:1']))
})
