import { expect } from 'chai'
import { loadAddon } from '../../lib/addon/load.ts'
import { evaluationFamily, lower } from '../../lib/augment/index.ts'
import type { ResolvedConfig } from '../../lib/config/resolved.ts'
import { readImages } from '../../lib/data/images.ts'
import { OnlineProbe } from '../../lib/evaluate/online.ts'
import { Validation } from '../../lib/evaluate/validation.ts'
import { tinySpec, withLearner } from '../learn/support.ts'

describe('accuracies during training', () => {
  it('there are none where running statistics make features that are not finite', async () => {
    const addon = loadAddon()
    const plan = lower(evaluationFamily('torch', 16, { mean: null, std: null }), 16)
    const probe = { everyEpochs: 1, images: 20, k: 5, temperature: 0.1, linearHead: false }
    const validation = { metric: 'knn' }
    const images = await readImages('synthetic:scenes,count=20,size=16', { imageSize: 16 })
    try {
      const config = { seed: 0, probe, validation } as ResolvedConfig
      const augmenter = new addon.Augmenter(plan)
      const online = new OnlineProbe(addon, images, augmenter, config)
      const heldOut = new Validation({ addon, training: images, held: images, augmenter, config })
      await withLearner(tinySpec({ precision: 'fp32' }), async (learner) => {
        expect(await online.run(learner)).to.be.within(0, 1)
        expect(await heldOut.accuracy(learner)).to.be.within(0, 1)
        const state = await learner.state()
        for (const { name, data } of state)
          if (name === 'encoder.bn1.running_mean') new Float32Array(data.buffer).fill(-3e38)
        await learner.load(state)
        expect(await online.run(learner)).to.equal(null)
        expect(await heldOut.accuracy(learner)).to.equal(null)
      })
    } finally {
      await images.dispose()
    }
  })
})
