import { mkdirSync, rmSync } from 'node:fs'
import { expect } from 'chai'
import type { NativeLearner } from '../../lib/addon/interface.ts'
import type { ResolvedConfig } from '../../lib/config/resolved.ts'
import { Checkpointer } from '../../lib/run/checkpointer.ts'
import { listCheckpoints, readCheckpoint } from '../../lib/weights/checkpoint.ts'
import { distance, tinySpec, views, withLearner } from '../learn/support.ts'
import { temporaryFolder } from '../support/folder.ts'

describe('a run’s checkpointer', () => {
  const path = temporaryFolder()
  const written: number[] = []
  const of = (learner: NativeLearner, folder: string) => {
    mkdirSync(folder, { recursive: true })
    return new Checkpointer({
      folder,
      learner,
      config: { checkpoint: { keep: 3 } } as ResolvedConfig,
      images: 100,
      isStreamed: false,
      fingerprint: null,
      classNames: null,
      teacher: null,
      resumedFrom: null,
      unusable: [],
      onWritten: (step) => written.push(step),
    })
  }

  it('writes in the background: steps go on, and what is on the disk is the state of its own step', () =>
    withLearner(tinySpec(), async (learner) => {
      const checkpointer = of(learner, path('background'))
      const step = () => learner.stepViews(views(8, 8), null, 0.1)
      await step()
      const state = await learner.state()
      await checkpointer.save(1)
      expect(written, 'it is not waited for').to.deep.equal([])
      await step()
      await step()
      expect(distance(state, await learner.state()), 'the weights have moved on').to.be.greaterThan(0)
      await checkpointer.settle()
      expect(written).to.deep.equal([1])
      const [file] = await listCheckpoints(path('background'))
      const read = await readCheckpoint(file!)
      expect(read.step).to.equal(1)
      expect(distance(state, read.tensors)).to.equal(0)
    }))

  it('one at a time, in order', () =>
    withLearner(tinySpec(), async (learner) => {
      written.length = 0
      const checkpointer = of(learner, path('order'))
      await checkpointer.save(1)
      await checkpointer.save(2)
      expect(written, 'the first is whole before the second begins').to.deep.equal([1])
      await checkpointer.settle()
      expect(written).to.deep.equal([1, 2])
    }))

  it('a write that fails ends the run at the next checkpoint, not in silence', () =>
    withLearner(tinySpec(), async (learner) => {
      const checkpointer = of(learner, path('fails'))
      rmSync(path('fails'), { recursive: true })
      await checkpointer.save(1)
      const failure = await checkpointer.save(2).then(
        () => null,
        (error) => error,
      )
      expect(failure).to.have.property('code', 'ERR_SIMCLR_IO')
    }))
})
