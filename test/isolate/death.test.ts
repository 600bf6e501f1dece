import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs'
import { setTimeout } from 'node:timers/promises'
import { expect } from 'chai'
import { SimclrError } from '../../lib/addon/errors.ts'
import type { TrainOptions } from '../../lib/config/options.ts'
import type { TrainEvent } from '../../lib/run/events.ts'
import { train } from '../../lib/train.ts'
import { newestCheckpoint } from '../../lib/weights/checkpoint.ts'
import { withEnvironment } from '../support/environment.ts'
import { temporaryFolder } from '../support/folder.ts'
import { rejection } from '../support/rejection.ts'
import { numbers, tiny } from '../support/tiny.ts'

/** Real deaths of real training processes; this one lives, and goes on. */
describe('the death of an isolated training process', function () {
  this.timeout(120_000)
  const path = temporaryFolder()
  const isolated = { ...tiny, isolate: true, checkpoint: { everySteps: 3, everySeconds: null } } as const

  /** Trains, does `deed` with the process's id after its fifth step, and gives the error. */
  const killed = async (out: string, deed: (pid: number) => void, more: TrainOptions = {}) => {
    let pid = 0
    const onProgress = (event: TrainEvent) => {
      if (event.type === 'start') pid = event.pid
      if (event.type === 'step' && event.step === 4) deed(pid)
    }
    const failure = await rejection(train({ ...isolated, epochs: 1000, out: path(out), onProgress, ...more }))
    expect(failure).to.be.instanceOf(SimclrError)
    expect(existsSync(`/proc/${pid}`)).to.equal(false)
    return failure as SimclrError
  }

  for (const signal of ['SIGKILL', 'SIGABRT', 'SIGSEGV'] as const) {
    it(`by ${signal} is an error with a checkpoint, from which the run goes on`, async () => {
      const failure = await killed(signal, (pid) => process.kill(pid, signal))
      expect(failure.code).to.equal('ERR_SIMCLR_PROCESS')
      expect(failure.message).to.contain(signal).and.to.contain(failure.checkpoint!)
      const newest = await newestCheckpoint(path(signal, 'checkpoints'), () => {})
      expect(failure.checkpoint).to.equal(newest!.path)

      const steps: TrainEvent[] = []
      const onProgress = (event: TrainEvent) => void steps.push(event)
      const run = await train({ ...isolated, epochs: 4, out: path(signal), onProgress }).catch(
        (error) => error,
      )
      // Very short steps may have run past the four epochs before the signal arrived.
      if (run instanceof Error) expect(run).to.have.property('code', 'ERR_SIMCLR_CHECKPOINT')
      else run.encoder.dispose()
      expect((numbers(steps)[0] as { step: number } | undefined)?.step ?? newest!.step).to.equal(newest!.step)
    })
  }

  /** Runs `deed` inside the training process as soon as the run in `out` has a checkpoint. */
  const inside = (out: string, deed: string, flags = '') => {
    const program = `
      import { existsSync, readdirSync } from 'node:fs'
      const folder = ${JSON.stringify(path(out, 'checkpoints'))}
      const waiting = setInterval(() => {
        if (!existsSync(folder) || !readdirSync(folder).some((name) => name.startsWith('step-'))) return
        clearInterval(waiting)
        ${deed}
      }, 10)`
    const url = `data:text/javascript,${encodeURIComponent(program)}`
    return withEnvironment({ NODE_OPTIONS: `${flags} --import ${url}` })
  }

  it('by an abort inside, with the last words as cause', async () => {
    using _ = inside('abort', 'console.error("last words"); process.abort()')
    const failure = await rejection(train({ ...isolated, epochs: 100_000, out: path('abort') }))
    expect(failure).to.have.property('code', 'ERR_SIMCLR_PROCESS')
    expect(failure.message)
      .to.contain('SIGABRT')
      .and.to.contain(path('abort', 'checkpoints', 'step-'))
    expect((failure.cause as Error).message).to.contain('last words')
  })

  it('by exit inside is no success', async () => {
    using _ = inside('exit', 'process.exit(0)')
    const failure = await rejection(train({ ...isolated, epochs: 100_000, out: path('exit') }))
    expect(failure).to.have.property('code', 'ERR_SIMCLR_PROCESS')
    expect(failure.message).to.contain('exit code 0')
  })

  it('before it has begun leaves nothing to go on from', async () => {
    using _ = withEnvironment({ NODE_OPTIONS: '--import data:text/javascript,process.abort()' })
    const failure = await rejection(train({ ...isolated, out: path('early') }))
    expect(failure).to.have.property('code', 'ERR_SIMCLR_PROCESS')
    expect(failure).to.have.property('checkpoint', null)
  })

  it("by JavaScript's heap limit is ERR_SIMCLR_OUT_OF_MEMORY", async () => {
    const greed = 'const all = []; for (;;) all.push(new Array(1e5).fill({}))'
    using _ = inside('heap', greed, '--max-old-space-size=160')
    const failure = await rejection(train({ ...isolated, epochs: 100_000, out: path('heap') }))
    expect(failure).to.have.property('code', 'ERR_SIMCLR_OUT_OF_MEMORY')
    expect(failure.message).to.contain(path('heap', 'checkpoints', 'step-'))
  })

  it("by the kernel's out-of-memory killer is ERR_SIMCLR_OUT_OF_MEMORY with a checkpoint", async function () {
    const group = memoryGroup()
    if (group === null) {
      this.test!.title += ' (skipped: no control group can be made here)'
      return this.skip()
    }
    try {
      const failure = await killed('oom', (pid) => writeFileSync(`${group}/cgroup.procs`, String(pid)), {
        ...{ batchSize: 48, imageSize: 64 }, // what a step takes is more than the group may have
      })
      expect(failure.code).to.equal('ERR_SIMCLR_OUT_OF_MEMORY')
      expect(failure.message).to.contain('Memory ran out')
      expect(await newestCheckpoint(path('oom', 'checkpoints'), () => {}))
        .to.have.property('path')
        .that.equals(failure.checkpoint)
    } finally {
      rmdirSync(group)
    }
  })

  it('of the app ends the run with a checkpoint: nothing trains on for nobody', async () => {
    const program = `
      import { train } from ${JSON.stringify(new URL('../../lib/train.ts', import.meta.url).href)}
      const options = ${JSON.stringify({ ...isolated, epochs: 100_000, checkpoint: { everySeconds: null }, out: path('app') })}
      await train({ ...options, onProgress: (e) => (e.type === 'start' || e.type === 'step') && console.log(JSON.stringify(e)) })`
    writeFileSync(path('app.mts'), program)
    const app = spawn(process.execPath, ['--import', 'tsx', path('app.mts')], {
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    let told = ''
    const steps = new Promise<void>((resolve) => {
      app.stdout.setEncoding('utf8').on('data', (text: string) => {
        told += text
        if (told.split('\n').length > 4) resolve()
      })
    })
    await steps
    const { pid } = JSON.parse(told.split('\n')[0]!) as { pid: number }
    const ended = once(app, 'close')
    app.kill('SIGKILL')
    await ended
    for (let i = 0; i < 600 && existsSync(`/proc/${pid}`); i++) await setTimeout(100)
    expect(existsSync(`/proc/${pid}`)).to.equal(false)
    const checkpoint = await newestCheckpoint(path('app', 'checkpoints'), () => expect.fail('damaged'))
    expect(checkpoint!.step).to.be.above(0)
    expect(existsSync(path('app', 'encoder.safetensors'))).to.equal(true)
  })
})

/** A control group of at most 8 MB; null where none can be made. */
function memoryGroup(): string | null {
  const own = readFileSync('/proc/self/cgroup', 'utf8')
  const v1 = /^\d+:memory:(.*)$/m.test(own)
  const group = v1 ? '/sys/fs/cgroup/memory/simclr-test' : '/sys/fs/cgroup/simclr-test'
  try {
    mkdirSync(group, { recursive: true })
    writeFileSync(`${group}/${v1 ? 'memory.limit_in_bytes' : 'memory.max'}`, '8000000')
    return group
  } catch {
    return null
  }
}
