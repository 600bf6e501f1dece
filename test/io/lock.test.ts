import { fork } from 'node:child_process'
import { once } from 'node:events'
import { expect } from 'chai'
import { acquireLock, tryLock } from '../../lib/io/lock.ts'
import { temporaryFolder } from '../support/folder.ts'
import { rejection } from '../support/rejection.ts'

describe('lock', () => {
  const folder = temporaryFolder()

  it('is held by one at a time, and waited for', async () => {
    const lock = await acquireLock(folder('one'), () => expect.fail('nobody holds it'))
    expect(await tryLock(folder('one'))).to.equal(null)
    let waited = 0
    const next = acquireLock(folder('one'), () => {
      waited += 1
    })
    await new Promise((resolve) => setTimeout(resolve, 20))
    await lock.release()
    await (await next).release()
    expect(waited).to.equal(1)
  })

  it('is waited for no longer once the signal is aborted, at whatever moment', async () => {
    const lock = await acquireLock(folder('stopped'), () => {})
    const reason = new Error('enough')
    for (const [moment, when] of [
      ['when it begins to wait', (stop: () => void) => stop()],
      ['later', (stop: () => void) => void setTimeout(stop, 20)],
    ] as const) {
      const controller = new AbortController()
      const waiting = acquireLock(
        folder('stopped'),
        () => when(() => controller.abort(reason)),
        controller.signal,
      )
      expect(await rejection(waiting), moment).to.equal(reason)
    }
    await lock.release()
  })

  it('is not shared by the workers of a cluster, who share what they listen on', async () => {
    const cluster = fork(new URL('./cluster.ts', import.meta.url), [folder('cluster')], {
      execArgv: ['--import', 'tsx'],
    })
    const [{ locks, ports }] = (await once(cluster, 'message')) as [{ locks: boolean[]; ports: number[] }]
    await once(cluster, 'exit')
    expect(locks.sort()).to.deep.equal([false, true])
    expect(new Set(ports).size).to.equal(2)
  })
})
