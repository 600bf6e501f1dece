import { expect } from 'chai'
import { countMessages } from '../../experiments/scaling/traffic.ts'
import { tinySpec, withLearner } from '../learn/support.ts'

describe('messages of a step', function () {
  this.timeout(120_000)

  it("are BatchNorm's two a layer, NT-Xent's three, the roll and the buckets of gradients, of their sizes", async () => {
    const { encoder, head } = tinySpec()
    const spec = tinySpec({ encoder: { ...encoder, width: 0.5 }, precision: 'fp32' })
    const state = await withLearner(spec, (learner) => learner.state())
    const layers = state.filter(({ name }) => name.endsWith('running_mean'))
    const channels = layers.reduce((sum, { shape }) => sum + shape[0]!, 0)

    // Had gradients taken another way or another number of buckets, neither number would come out.
    const messages = await countMessages(spec)
    expect(messages.buckets).to.be.greaterThan(1)
    expect(messages.waits).to.equal(2 * layers.length + 3 + 1)
    const forward = 8 * (layers.length + 2 * channels)
    const backward = 8 * 2 * channels
    const [totals, roll] = [3 * 4, 5 * 8]
    expect(messages.fixedBytes).to.equal(forward + backward + totals + roll)
    const [row, sums] = [4 * head.dim, 2 * 4]
    expect(messages.bytesPerImage).to.equal(2 * (row + sums))
  })
})
