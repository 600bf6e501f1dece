import { expect } from 'chai'
import { floats, tinySpec, views, withLearner } from './support.ts'

describe('a weight that is not finite', () => {
  it('shows in bf16 features, whatever its bits are', async () => {
    await withLearner(tinySpec({ precision: 'bf16' }), async (learner) => {
      const state = await learner.state()
      const last = state.find(({ name }) => name === 'encoder.layer4.1.bn2.weight')!
      // NaN of all ones: rounded like a number it would carry into -0, which ReLU makes 0.
      new Uint32Array(last.data.buffer, last.data.byteOffset, last.data.length / 4).fill(0x7fffffff)
      await learner.load(state)
      const { features } = await learner.forward(views(8, 8), { training: true, groups: false })
      expect(floats(features).every(Number.isNaN)).to.equal(true)
    })
  })
})
