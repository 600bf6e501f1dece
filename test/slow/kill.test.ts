import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readdirSync, readFileSync } from 'node:fs'
import { setTimeout } from 'node:timers/promises'
import { expect } from 'chai'
import { readMetrics } from '../../lib/run/metrics.ts'
import { simclrMain } from '../support/cli.ts'
import { temporaryFolder } from '../support/folder.ts'
import { numbers, tinyFlags } from '../support/tiny.ts'

const kills = 12

/** 480 short steps with a checkpoint every third, so that kills fall into every kind of moment. */
const args = [
  ...[...tinyFlags, '--epochs', '80', '--probe-every-epochs', '20', '--checkpoint-every-steps', '3'],
  ...['--report', 'off', '--json'],
]

describe('killed with SIGKILL at random moments', function () {
  this.timeout(1_800_000)
  const path = temporaryFolder()

  const start = (out: string): ChildProcess =>
    spawn(process.execPath, [simclrMain, 'train', ...args, '--out', out], {
      stdio: ['ignore', 'pipe', 'pipe'],
    })
  /** Whether it ended by itself; killed `after` milliseconds past its first sign of life otherwise. */
  const untilKilled = async (out: string, after: number): Promise<boolean> => {
    const child = start(out)
    let said = ''
    child.stderr!.on('data', (text) => {
      said += text
    })
    const ended = once(child, 'close')
    await Promise.race([once(child.stdout!, 'data'), ended])
    child.stdout!.resume()
    await Promise.race([setTimeout(after, undefined, { ref: false }), ended])
    child.kill('SIGKILL')
    const [code, signal] = await ended
    if (signal !== 'SIGKILL') expect(code, said).to.equal(0)
    return signal !== 'SIGKILL'
  }

  it(`${kills} times, a run ends bit-equal to one that was left alone`, async () => {
    expect(await untilKilled(path('whole'), 600_000)).to.equal(true)

    let done = 0
    let whole = false
    while (done < kills && !whole) {
      whole = await untilKilled(path('killed'), 50 + 450 * Math.random())
      if (!whole) done++
    }
    if (!whole) expect(await untilKilled(path('killed'), 600_000)).to.equal(true)
    console.log(`      killed ${done} times`)
    expect(done).to.be.above(kills / 2)

    const encoder = (run: string) => readFileSync(path(run, 'encoder.safetensors'))
    expect(encoder('killed').equals(encoder('whole'))).to.equal(true)
    const metrics = async (run: string) => numbers(await readMetrics(path(run, 'metrics.jsonl')))
    expect(await metrics('killed'))
      .to.deep.equal(await metrics('whole'))
      .and.have.length(480)
    const names = readdirSync(path('killed', 'checkpoints'))
    expect(
      names.every((name) => /^step-\d{8}\.safetensors$/.test(name)),
      String(names),
    ).to.equal(true)
  })
})
