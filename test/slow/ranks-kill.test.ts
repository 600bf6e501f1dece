import { readFileSync } from 'node:fs'
import { expect } from 'chai'
import type { TrainEvent } from '../../lib/run/events.ts'
import { readMetrics } from '../../lib/run/metrics.ts'
import { train } from '../../lib/train.ts'
import { readCheckpoint } from '../../lib/weights/checkpoint.ts'
import { travelled } from '../dist/exact.ts'
import { ranksOf } from '../dist/launched.ts'
import { temporaryFolder } from '../support/folder.ts'
import { numbers, tiny } from '../support/tiny.ts'

const kills = Number(process.env.SIMCLR_TEST_KILLS ?? 30)

/** Steps with a checkpoint every third, so that kills fall into every kind of moment. */
const options = {
  ...tiny,
  processes: 2,
  epochs: 200,
  distributed: { timeoutSeconds: 30 },
  checkpoint: { everySeconds: null, everySteps: 3 },
} as const

/** SIGKILL of one of this process's ranks, at a random moment of the time to come. */
function killWithin(milliseconds: number): void {
  const victims = ranksOf(process.pid)
  setTimeout(() => {
    const victim = victims[Math.floor(Math.random() * victims.length)]
    if (victim !== undefined) process.kill(victim, 'SIGKILL')
  }, milliseconds * Math.random())
}

describe('ranks killed with SIGKILL at random moments', function () {
  this.timeout(1_800_000)
  const path = temporaryFolder()

  it(`${kills} times, a run ends bit-equal to one that was left alone`, async () => {
    const whole = await train({ ...options, out: path('whole') })
    whole.encoder.dispose()

    let done = 0
    let died = 0
    const killed = await train({
      ...options,
      out: path('killed'),
      maxRestarts: kills,
      onProgress(event: TrainEvent) {
        if (event.type === 'start' && done < kills) {
          done++
          killWithin(500)
        }
        if (event.type === 'warning' && /was killed by SIGKILL/.test(event.message)) died++
      },
    })
    killed.encoder.dispose()
    expect(died).to.equal(kills)
    const encoder = (run: string) => readFileSync(path(run, 'encoder.safetensors'))
    expect(encoder('killed').equals(encoder('whole'))).to.equal(true)
    const metrics = async (run: string) => numbers(await readMetrics(path(run, 'metrics.jsonl')))
    expect(await metrics('killed')).to.deep.equal(await metrics('whole'))
  })

  it('and restarted with another number of ranks each time, it ends within 1e-6 of the way travelled', async () => {
    const checkpoint = { everySeconds: null, everySteps: 1, keep: 40 }
    const exact = { ...options, precision: 'fp64', epochs: 6, checkpoint } as const
    const one = await train({ ...exact, processes: 1, out: path('one') })
    one.encoder.dispose()

    let attempts = 0
    let ended = false
    while (!ended) {
      const processes = 2 + (attempts % 3)
      let steps = 0
      const onProgress = (event: TrainEvent) => {
        // Late enough to have come further, and 5 times before the end.
        if (event.type === 'step' && attempts < 5 && ++steps === 3) killWithin(20)
      }
      const run = await train({ ...exact, processes, out: path('elastic'), onProgress }).catch(
        (error) => error,
      )
      attempts++
      if (run instanceof Error) expect(run).to.have.property('code', 'ERR_SIMCLR_RANK')
      else run.encoder.dispose()
      ended = !(run instanceof Error)
    }
    expect(attempts, 'ranks were killed').to.equal(6)
    const tensors = async (run: string, step: string) =>
      (await readCheckpoint(path(run, `checkpoints/step-000000${step}.safetensors`))).tensors
    const whole = await tensors('one', '36')
    const way = travelled(whole, await tensors('one', '00'))
    expect(way).to.be.greaterThan(1e-2)
    expect(travelled(whole, await tensors('elastic', '36'))).to.be.below(1e-6 * way)
  })
})
