import { existsSync } from 'node:fs'
import { setTimeout } from 'node:timers/promises'
import { expect } from 'chai'
import { train } from '../../lib/train.ts'
import { holdUp } from '../dist/holding-up.ts'
import { failureOfSignalled, leftBehind, ranksOf } from '../dist/launched.ts'
import { temporaryFolder } from '../support/folder.ts'
import { rejection } from '../support/rejection.ts'
import { tiny } from '../support/tiny.ts'

describe('ranks that are asked to stop', function () {
  this.timeout(240_000)
  const path = temporaryFolder()

  it('a checkpoint that takes rank 0 longer than anybody else is waited for is written to its end', async () => {
    using _slow = holdUp({ rank: 0, method: 'write', milliseconds: 60_000 })
    const reason = new Error('enough')
    const controller = new AbortController()
    const out = path('run')
    let first = 0
    const training = train({
      ...{ ...tiny, epochs: 1000, out, processes: 2, distributed: { timeoutSeconds: 5 } },
      signal: controller.signal,
      onProgress: (event) => {
        if (event.type === 'start') first = event.pid
        if (event.type === 'step' && event.step === 2) controller.abort(reason)
      },
    })
    const ended = rejection(training)
    while (!controller.signal.aborted) await setTimeout(5)
    const second = ranksOf(process.pid).find((pid) => pid !== first)!
    await setTimeout(45_000)
    expect(existsSync(`/proc/${second}`), 'rank 1 outlasts it').to.equal(true)
    expect(await ended).to.equal(reason)
    const { checkpoint, recorded } = await leftBehind(path('run'))
    expect(checkpoint).to.equal(recorded)
  })

  it('a rank that is stopped, and so does not answer, is killed once the others have given it up', async () => {
    const failed = await failureOfSignalled('SIGSTOP', {
      epochs: 1000,
      out: path('stopped'),
      distributed: { timeoutSeconds: 4 },
    })
    expect(failed).to.have.property('code', 'ERR_SIMCLR_RANK')
    expect(failed.message).to.contain('rank 1 did not answer')
    expect(ranksOf(process.pid)).to.deep.equal([])
  })
})
