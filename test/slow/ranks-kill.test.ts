import { readFileSync } from 'node:fs'
import { expect } from 'chai'
import type { TrainEvent } from '../../lib/run/events.ts'
import { readMetrics } from '../../lib/run/metrics.ts'
import { train } from '../../lib/train.ts'
import { ranksOf } from '../dist/launched.ts'
import { temporaryFolder } from '../support/folder.ts'
import { numbers, tiny } from '../support/tiny.ts'

const kills = Number(process.env.SIMCLR_TEST_KILLS ?? 10)

/** Steps with a checkpoint every third, so that kills fall into every kind of moment. */
const options = {
  ...tiny,
  processes: 2,
  epochs: 60,
  distributed: { timeoutSeconds: 30 },
  checkpoint: { everySeconds: null, everySteps: 3 },
} as const

describe('ranks killed with SIGKILL at random moments', function () {
  this.timeout(1_800_000)
  const path = temporaryFolder()

  it(`${kills} times, a run ends bit-equal to one that was left alone`, async () => {
    const whole = await train({ ...options, out: path('whole') })
    whole.encoder.dispose()

    let done = 0
    const killSoon = () => {
      if (done >= kills) return
      const victims = ranksOf(process.pid)
      setTimeout(() => {
        const victim = victims[Math.floor(Math.random() * victims.length)]
        if (victim !== undefined) process.kill(victim, 'SIGKILL')
        done++
      }, 500 * Math.random())
    }
    const killed = await train({
      ...options,
      out: path('killed'),
      maxRestarts: kills,
      onProgress(event: TrainEvent) {
        if (event.type === 'start') killSoon()
      },
    })
    killed.encoder.dispose()
    expect(done).to.be.above(kills / 2)
    const encoder = (run: string) => readFileSync(path(run, 'encoder.safetensors'))
    expect(encoder('killed').equals(encoder('whole'))).to.equal(true)
    const metrics = async (run: string) => numbers(await readMetrics(path(run, 'metrics.jsonl')))
    expect(await metrics('killed')).to.deep.equal(await metrics('whole'))
  })
})
