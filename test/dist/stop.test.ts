import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readFileSync } from 'node:fs'
import { connect } from 'node:net'
import { setTimeout } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { expect } from 'chai'
import { freePort } from '../../lib/io/port.ts'
import { train } from '../../lib/train.ts'
import { simclrMain } from '../support/cli.ts'
import { temporaryFolder } from '../support/folder.ts'
import { rejection } from '../support/rejection.ts'
import { tiny } from '../support/tiny.ts'
import { holdUp } from './holding-up.ts'
import { endless, failureOfSignalled, LaunchedRank, leftBehind, ranksOf } from './launched.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))
const patient = ['--distributed-timeout-seconds', '600']

describe('ranks that are asked to stop', function () {
  this.timeout(90_000)
  const path = temporaryFolder()

  /** `simclr train --processes 2` at its third step, in a process group of its own. */
  async function launched(
    out: string,
  ): Promise<{ child: ChildProcess; ranks: number[]; said: () => string }> {
    const flags = ['train', ...endless(path(out), patient), '--processes', '2']
    const child = spawn(process.execPath, [simclrMain, ...flags], {
      cwd: root,
      detached: true,
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    let [told, said] = ['', '']
    child.stderr!.setEncoding('utf8').on('data', (text) => {
      said += text
    })
    await new Promise<void>((resolve, reject) => {
      child.on('close', () => reject(new Error(`ended early: ${said}`)))
      child.stdout!.setEncoding('utf8').on('data', (text) => {
        told += text
        if (/"type":"step".*"step":2,/.test(told)) resolve()
      })
    })
    return { child, ranks: ranksOf(child.pid!), said: () => said }
  }

  for (const [whom, signal] of [
    ['the whole process group', (pid: number) => process.kill(-pid, 'SIGTERM')],
    ['the launcher alone', (pid: number) => process.kill(pid, 'SIGTERM')],
  ] as const) {
    it(`SIGTERM to ${whom}: every recorded step is in a checkpoint`, async () => {
      const { child, said } = await launched(whom)
      const ended = once(child, 'close')
      signal(child.pid!)
      expect(await ended, said()).to.deep.equal([130, null])
      expect(said()).to.contain(`Go on with: simclr train --out ${path(whom)}`)
      const { checkpoint, recorded } = await leftBehind(path(whom))
      expect(checkpoint).to.equal(recorded).and.be.at.least(3)
      expect(existsSync(path(whom, 'encoder.safetensors'))).to.equal(true)
    })
  }

  it('SIGKILL of the launcher: its ranks end by themselves, with a checkpoint', async () => {
    const { child, ranks } = await launched('orphans')
    expect(ranks).to.have.length(2)
    child.kill('SIGKILL')
    while (ranks.some((pid) => existsSync(`/proc/${pid}`))) await setTimeout(50)
    const { checkpoint, recorded } = await leftBehind(path('orphans'))
    expect(checkpoint).to.equal(recorded).and.be.at.least(3)
  })

  it('SIGTERM to one rank: train() rejects, and says how to go on', async () => {
    const failed = await failureOfSignalled('SIGTERM', { epochs: 10_000, out: path('one') })
    expect(failed.code).to.equal('ERR_SIMCLR_ABORTED')
    expect(failed.message).to.contain('Train again with the same `out`')
    const { checkpoint, recorded } = await leftBehind(path('one'))
    expect(checkpoint).to.equal(recorded).and.be.at.least(3)
  })

  it('SIGTERM to rank 1 while rank 0 validates: all stop after the same step, with a checkpoint', async () => {
    const out = path('patient')
    const port = await freePort()
    // Every step ends an epoch, and nearly all of the time is rank 0's validation, for which rank 1 waits.
    const flags = endless(out, [
      ...['--batch-size', '96', '--validation', 'synthetic:scenes,count=400,size=16,seed=2'],
      ...['--patience', '100000', '--distributed-timeout-seconds', '60'],
    ])
    const ranks = [0, 1].map((rank) => new LaunchedRank({ rank, size: 2, port }, flags))
    try {
      await ranks[0]!.until(/"type":"epoch".*"type":"step".*"step":2,/s)
      ranks[1]!.child.kill('SIGTERM')
      for (const rank of ranks) expect(await rank.end(), rank.stderr).to.equal(130)
      expect(ranks[0]!.stderr).to.contain('Another rank of this run was asked to stop, and so all have.')
      expect(ranks[0]!.stderr).to.contain(`Go on with: simclr train --out ${path('patient')}`)
    } finally {
      for (const { child } of ranks) child.kill('SIGKILL')
    }
    const { checkpoint, recorded } = await leftBehind(out)
    expect(checkpoint).to.equal(recorded).and.be.at.least(2)
  })

  it('a signal that is aborted already starts nothing', async () => {
    const reason = new Error('never mind')
    const options = { ...tiny, out: path('nothing'), processes: 2, signal: AbortSignal.abort(reason) }
    expect(await rejection(train(options))).to.equal(reason)
    expect(existsSync(path('nothing'))).to.equal(false)
  })

  it('an abort before the ranks have met rejects with its reason, and leaves no rank', async () => {
    const reason = new Error('never mind')
    const controller = new AbortController()
    const out = path('early')
    const training = train({ ...tiny, out, processes: 2, signal: controller.signal })
    while (ranksOf(process.pid).length < 2) await setTimeout(5)
    controller.abort(reason)
    expect(await rejection(training)).to.equal(reason)
    expect(ranksOf(process.pid)).to.deep.equal([])
  })

  it('a checkpoint that takes rank 0 longer than the timeout says is written, and the others outlast it', async () => {
    using _slow = holdUp({ rank: 0, method: 'write', milliseconds: 9000 })
    const reason = new Error('enough')
    const controller = new AbortController()
    const out = path('slow disk')
    const failed = await rejection(
      train({
        ...{ ...tiny, epochs: 1000, out, processes: 2, distributed: { timeoutSeconds: 4 } },
        signal: controller.signal,
        onProgress: (event) => {
          if (event.type === 'step' && event.step === 2) controller.abort(reason)
        },
      }),
    )
    expect(failed).to.equal(reason)
    const { checkpoint, recorded } = await leftBehind(out)
    expect(checkpoint).to.equal(recorded).and.be.at.least(3)
  })

  describe('while they wait for another, which would take ten minutes', () => {
    let waiting: LaunchedRank | undefined
    let other: LaunchedRank | undefined
    afterEach(() => {
      for (const rank of [waiting, other]) rank?.child.kill('SIGKILL')
    })

    it('rank 1 of three: rank 0 stops too, and neither has failed', async () => {
      const port = await freePort()
      waiting = new LaunchedRank({ rank: 0, size: 3, port }, endless(path('both'), patient))
      other = new LaunchedRank({ rank: 1, size: 3, port }, endless(path('both'), patient))
      while (!(await answers(port))) await setTimeout(50)
      const maps = `/proc/${other.child.pid}/maps`
      while (!readFileSync(maps, 'utf8').includes('libtorch_cpu')) await setTimeout(50)
      await setTimeout(4000) // until it watches
      other.child.kill('SIGTERM')
      for (const rank of [waiting, other]) expect(await rank.end(), rank.stderr).to.equal(130)
      expect(waiting.stderr).to.contain('Another rank of this run was asked to stop')
    })

    it('rank 0, whose store nobody comes to', async () => {
      const port = await freePort()
      waiting = new LaunchedRank({ rank: 0, size: 2, port }, endless(path('store'), patient))
      while (!(await answers(port))) await setTimeout(50)
      waiting.child.kill('SIGTERM')
      expect(await waiting.end(), waiting.stderr).to.equal(130)
    })

    it('rank 1, which finds no store', async () => {
      const port = await freePort()
      waiting = new LaunchedRank({ rank: 1, size: 2, port }, endless(path('none'), patient))
      const maps = `/proc/${waiting.child.pid}/maps`
      while (!readFileSync(maps, 'utf8').includes('libtorch_cpu')) await setTimeout(50)
      waiting.child.kill('SIGTERM')
      expect(await waiting.end(), waiting.stderr).to.equal(130)
    })
  })
})

/** Whether somebody listens there. */
async function answers(port: number): Promise<boolean> {
  const socket = connect(port, '127.0.0.1')
  try {
    await once(socket, 'connect')
    return true
  } catch {
    return false
  } finally {
    socket.destroy()
  }
}
