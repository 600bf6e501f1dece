import { expect } from 'chai'
import { loadAddon } from '../../lib/addon/load.ts'
import { lower, simclrFamily, simclrSettings } from '../../lib/augment/index.ts'
import { rejection } from '../support/rejection.ts'
import { tinySpec, views, withLearner } from './support.ts'

describe('where views are made', () => {
  async function scenes() {
    const addon = loadAddon()
    const store = new addon.ImageStore(8)
    await store.fillScenes({ seed: 3, first: 0, count: 8, size: 24 })
    const augmenter = new addon.Augmenter(lower(simclrFamily(simclrSettings('torch', 8, 1)), 8))
    return augmenter.batch(store, {
      ...{ indices: Uint32Array.from([3, 1, 4]), epochs: new Uint32Array(3) },
      ...{ seed: 5, views: 2, labels: null },
    })
  }

  it('a step says it, and none of our kernels has computed on a CPU', async () => {
    const batch = await scenes()
    await withLearner(tinySpec({ precision: 'fp32' }), async (learner) => {
      expect(await learner.step(batch, 0.1)).to.include({ viewsOn: 'cpu', viewsProblem: null })
      expect(await learner.stepViews(views(6, 8), null, 0.1)).to.include({
        viewsOn: null,
        viewsProblem: null,
      })
    })
    expect(loadAddon().kernelCalls()).to.deep.equal({ views: 0, batchNorm: 0, contrast: 0, optimizer: 0 })
  })

  it('who asks for a device’s pixels gets those or an error', async () => {
    const error = await rejection((await scenes()).pixels({ threads: 1, device: 'cpu' }))
    expect(error).to.have.property('code', 'ERR_SIMCLR_DEVICE')
    expect(error.message).to.include('received cpu: there are no kernels for it in this binary')
  })
})
