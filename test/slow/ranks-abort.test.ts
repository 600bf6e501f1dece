import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { setTimeout } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { expect } from 'chai'
import type { SimclrError } from '../../lib/addon/errors.ts'
import type { TrainOptions } from '../../lib/config/options.ts'
import { train } from '../../lib/train.ts'
import { newestCheckpoint } from '../../lib/weights/checkpoint.ts'
import { type HoldUp, holdUp } from '../dist/holding-up.ts'
import { endless, ranksOf } from '../dist/launched.ts'
import { simclrMain } from '../support/cli.ts'
import { temporaryFolder } from '../support/folder.ts'
import { rejection } from '../support/rejection.ts'
import { tiny } from '../support/tiny.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))

/** A run that nothing else would end: ranks wait ten minutes for one another, and the tests do not. */
describe('an abort of ranks that cannot end by themselves', function () {
  this.timeout(120_000)
  const path = temporaryFolder()
  afterEach(() => {
    for (const pid of ranksOf(process.pid)) process.kill(pid, 'SIGKILL')
  })

  /** What a run that is aborted after its third step is rejected with; `before` is called just before that. */
  async function aborted(
    out: string,
    before: (pids: number[]) => void,
    more: TrainOptions = {},
  ): Promise<SimclrError> {
    const controller = new AbortController()
    const failed = await rejection(
      train({
        ...{ ...tiny, epochs: 10_000, processes: 2, out: path(out), ...more },
        checkpoint: { everySeconds: null, everySteps: 1 },
        signal: controller.signal,
        onProgress: (event) => {
          if (event.type !== 'step' || event.step !== 2) return
          before(ranksOf(process.pid))
          controller.abort()
        },
      }),
    )
    expect(ranksOf(process.pid), 'no rank is left').to.deep.equal([])
    const newest = await newestCheckpoint(path(out, 'checkpoints'), () => expect.fail('damaged'))
    expect(newest!.step, 'the checkpoint before is there').to.be.at.least(1)
    return failed as SimclrError
  }

  const stop = (pid: number) => process.kill(pid, 'SIGSTOP')

  for (const [whom, victims] of [
    ['rank 0', [0]],
    ['rank 1', [1]],
    ['both', [0, 1]],
  ] as const) {
    it(`${whom} stopped (SIGSTOP)`, async () => {
      const failed = await aborted(whom, (pids) => {
        for (const rank of victims) stop(pids[rank]!)
      })
      expect(failed.code).to.equal('ERR_SIMCLR_RANK')
      for (const rank of victims) {
        expect(failed.message).to.contain(`Rank ${rank} did not end when it was asked to, and was killed.`)
      }
    })
  }

  for (const [how, what] of [
    ['JavaScript stands still', { rank: 1, method: 'step', from: 2, blocks: true }],
    ['step never ends, and whose JavaScript goes on', { rank: 1, method: 'step', from: 2 }],
  ] satisfies [string, HoldUp][]) {
    it(`a rank whose ${how}`, async () => {
      using _held = holdUp(what)
      const controller = new AbortController()
      const training = train({
        ...{ ...tiny, epochs: 10_000, processes: 2, out: path(how) },
        distributed: { timeoutSeconds: 5 },
        signal: controller.signal,
        onProgress: (event) => event.type === 'step' && event.step === 1 && controller.abort(),
      })
      const failed = (await rejection(training)) as SimclrError
      expect(failed.code).to.equal('ERR_SIMCLR_RANK')
      expect(failed.message).to.contain('Rank 1 did not end when it was asked to, and was killed.')
      expect(ranksOf(process.pid), 'no rank is left').to.deep.equal([])
    })
  }

  it('a rank that hangs once all is done: the run is complete', async () => {
    using _held = holdUp({ rank: 1, method: 'state' })
    const run = await train({ ...tiny, processes: 2, out: path('done') })
    run.encoder.dispose()
    expect(run.history).to.have.length(2)
    expect(ranksOf(process.pid), 'no rank is left').to.deep.equal([])
  })

  it('a second Ctrl-C ends them at once, one that is stopped too', async () => {
    const flags = ['train', ...endless(path('twice')), '--distributed-timeout-seconds', '600']
    const child = spawn(process.execPath, [simclrMain, ...flags, '--processes', '2'], {
      cwd: root,
      stdio: ['ignore', 'pipe', 'ignore'],
    })
    let told = ''
    child.stdout!.setEncoding('utf8').on('data', (text) => {
      told += text
    })
    while (!/"type":"step".*"step":2,/.test(told)) await setTimeout(20)
    const ranks = ranksOf(child.pid!)
    stop(ranks[1]!)
    const ended = once(child, 'close')
    child.kill('SIGINT')
    await setTimeout(1500)
    child.kill('SIGINT')
    expect(await ended).to.deep.equal([130, null])
    while (ranks.some((pid) => existsSync(`/proc/${pid}`))) await setTimeout(50)
  })
})
