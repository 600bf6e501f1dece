import { expect } from 'chai'
import { loadAddon } from '../../lib/addon/load.ts'
import type { StepEvent } from '../../lib/run/events.ts'
import { train } from '../../lib/train.ts'
import { temporaryFolder } from '../support/folder.ts'
import { listener, tiny } from '../support/tiny.ts'

describe('the entry of an epoch', function () {
  this.timeout(60_000)
  const path = temporaryFolder()

  it('has means of the linear head over the steps whose images have labels', async () => {
    const count = 32
    const store = new (loadAddon().ImageStore)(count)
    await store.fillScenes({ seed: 3, first: 0, count, size: 16 })
    const data = {
      name: 'two of them labelled',
      count,
      labels: Array.from({ length: count }, (_, i) => (i < 2 ? i : -1)),
      read: async (index: number) => store.get(index),
    }
    const { events, onProgress } = listener()
    const probe = { everyEpochs: 0, linearHead: true }
    const run = await train({ ...tiny, data, epochs: 1, batchSize: 4, probe, out: path('run'), onProgress })
    run.encoder.dispose()
    const steps = events.filter((event): event is StepEvent => event.type === 'step')
    const known = steps.filter(({ probeLoss }) => probeLoss !== null)
    expect([steps.length, known.length]).to.satisfy(
      ([all, few]: number[]) => all === 8 && (few === 1 || few === 2),
    )
    for (const { probeLoss, probeAccuracy } of known) {
      expect(probeLoss).to.be.above(0)
      expect(probeAccuracy).to.be.within(0, 1)
    }
    const mean = known.reduce((sum, { probeLoss }) => sum + probeLoss!, 0) / known.length
    expect(run.history[0]!.probeLoss).to.be.closeTo(mean, 1e-12)
  })
})
