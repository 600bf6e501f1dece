import { readFileSync } from 'node:fs'
import { expect } from 'chai'
import type { TrainEvent } from '../../lib/run/events.ts'
import { readMetrics } from '../../lib/run/metrics.ts'
import { train } from '../../lib/train.ts'
import { readCheckpoint } from '../../lib/weights/checkpoint.ts'
import { travelled } from '../dist/exact.ts'
import { ranksOf } from '../dist/launched.ts'
import { temporaryFolder } from '../support/folder.ts'
import { numbers, tiny, trained } from '../support/tiny.ts'

const kills = Number(process.env.SIMCLR_TEST_KILLS ?? 30)

/** Steps with a checkpoint every third, so that kills fall into every kind of moment. */
const options = {
  ...tiny,
  processes: 2,
  epochs: 60,
  distributed: { timeoutSeconds: 30 },
  checkpoint: { everySeconds: null, everySteps: 3 },
} as const

/**
 * SIGKILL of one rank of each attempt: of every other one at a random moment between its launch and its first step (modules are
 * loaded, ranks meet and agree, data and checkpoint are read), of the rest around one of their first `steps` steps.
 */
class Killer {
  readonly #most: number
  readonly #steps: number
  readonly #startUp: number
  #attempts = 0
  #stepsLeft = 0
  #timer: NodeJS.Timeout | undefined

  /** `startUp`: milliseconds that an attempt takes to its first step. */
  constructor({ most, steps, startUp }: { most: number; steps: number; startUp: number }) {
    this.#most = most
    this.#steps = steps
    this.#startUp = startUp
  }

  /** An attempt begins. */
  launched(): void {
    const early = this.#attempts % 2 === 1
    const isSpared = this.#attempts++ === this.#most
    this.#stepsLeft = early ? 1 : 1 + Math.floor(this.#steps * Math.random())
    if (isSpared) this.#stepsLeft = 0
    else if (early) this.#killIn(this.#startUp * Math.random())
  }

  took(event: TrainEvent): void {
    if (event.type === 'step' && this.#stepsLeft > 0 && --this.#stepsLeft === 0)
      this.#killIn(20 * Math.random())
  }

  #killIn(milliseconds: number): void {
    clearTimeout(this.#timer)
    this.#timer = setTimeout(() => {
      const victims = ranksOf(process.pid)
      if (victims.length === 0) return this.#killIn(5) // none has begun
      process.kill(victims[Math.floor(Math.random() * victims.length)]!, 'SIGKILL')
      this.#stepsLeft = 0
    }, milliseconds)
  }
}

describe('ranks killed with SIGKILL at random moments from their launch on', function () {
  this.timeout(1_800_000)
  const path = temporaryFolder()
  let startUp = 0

  before(async () => {
    const launched = performance.now()
    const onProgress = (event: TrainEvent) => {
      if (event.type === 'step' && event.step === 0) startUp = performance.now() - launched
    }
    await trained({ ...options, out: path('whole'), onProgress })
  })

  it(`${kills} times, a run ends bit-equal to one that was left alone`, async () => {
    // Killed after so few steps each time, it is not at its end before the last kill.
    const killer = new Killer({ most: kills, steps: 16, startUp })
    let died = 0
    killer.launched()
    await trained({
      ...options,
      out: path('killed'),
      maxRestarts: kills,
      onProgress(event: TrainEvent) {
        killer.took(event)
        if (event.type !== 'warning' || !/was killed by SIGKILL/.test(event.message)) return
        died++
        killer.launched()
      },
    })
    expect(died).to.equal(kills)
    const encoder = (run: string) => readFileSync(path(run, 'encoder.safetensors'))
    expect(encoder('killed').equals(encoder('whole'))).to.equal(true)
    const metrics = async (run: string) => numbers(await readMetrics(path(run, 'metrics.jsonl')))
    expect(await metrics('killed')).to.deep.equal(await metrics('whole'))
  })

  it('and restarted with another number of ranks each time, it ends within 1e-6 of the way travelled', async () => {
    const checkpoint = { everySeconds: null, everySteps: 1, keep: 40 }
    const exact = { ...options, precision: 'fp64', epochs: 6, checkpoint } as const
    await trained({ ...exact, processes: 1, out: path('one') })

    const killer = new Killer({ most: 5, steps: 5, startUp })
    const onProgress = (event: TrainEvent) => killer.took(event)
    let attempts = 0
    for (let ended = false; !ended; attempts++) {
      killer.launched()
      const processes = 2 + (attempts % 3)
      const run = await train({ ...exact, processes, out: path('elastic'), onProgress }).catch(
        (error) => error,
      )
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
