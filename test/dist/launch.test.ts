import { createServer, Server } from 'node:net'
import { expect } from 'chai'
import type { SimclrError } from '../../lib/addon/errors.ts'
import type { TrainEvent } from '../../lib/run/events.ts'
import { train } from '../../lib/train.ts'
import { readCheckpoint } from '../../lib/weights/checkpoint.ts'
import { distance } from '../learn/support.ts'
import { temporaryFolder } from '../support/folder.ts'
import { rejection } from '../support/rejection.ts'
import { listener, numbers, tiny } from '../support/tiny.ts'
import { travelled } from './exact.ts'
import { holdUp } from './holding-up.ts'
import { ranksOf } from './launched.ts'

/** 12 steps in fp64, so that runs with other numbers of processes can be told apart from wrong ones. */
const options = {
  ...tiny,
  precision: 'fp64',
  distributed: { timeoutSeconds: 20 },
  checkpoint: { everySeconds: null, everySteps: 1, keep: 20 },
} as const

const last = 'checkpoints/step-00000012.safetensors'

describe('train({ processes })', function () {
  this.timeout(120_000)
  const path = temporaryFolder()
  const tensors = async (run: string, file = last) => (await readCheckpoint(path(run, file))).tensors

  before(async () => {
    for (const processes of [1, 2]) {
      const { events, onProgress } = listener()
      const run = await train({ ...options, processes, onProgress, out: path(`whole-${processes}`) })
      expect(run.history.length).to.equal(2)
      expect(events.filter(({ type }) => type === 'step').length, 'each step is told once').to.equal(12)
      run.encoder.dispose()
    }
  })

  it('two processes see the batches that one sees, and end at its weights', async () => {
    const start = await tensors('whole-1', 'checkpoints/step-00000000.safetensors')
    const [one, two] = [await tensors('whole-1'), await tensors('whole-2')]
    const way = travelled(one, start)
    expect(way).to.be.greaterThan(1e-2)
    expect(travelled(one, two)).to.be.below(1e-6 * way)
  })

  for (const victim of ['rank 0', 'rank 1']) {
    it(`${victim} is killed: with maxRestarts the run ends at the same bits, and the app lives`, async () => {
      const { events, onProgress } = listener()
      let killed = false
      const out = path(`killed-${victim}`)
      const run = await train({
        ...options,
        out,
        processes: 2,
        maxRestarts: 1,
        onProgress(event: TrainEvent) {
          onProgress(event)
          if (event.type !== 'step' || event.step !== 5 || killed) return
          killed = true
          const start = events.find(({ type }) => type === 'start') as { pid: number }
          process.kill(
            victim === 'rank 0' ? start.pid : ranksOf(process.pid).find((pid) => pid !== start.pid)!,
            'SIGKILL',
          )
        },
      })
      run.encoder.dispose()
      const warnings = events.flatMap((event) => (event.type === 'warning' ? [event.message] : []))
      expect(warnings.join()).to.match(new RegExp(`${victim} was killed by SIGKILL.*last checkpoint`, 'i'))
      expect(distance(await tensors(`killed-${victim}`), await tensors('whole-2'))).to.equal(0)
      expect(run.history.length).to.equal(2)
    })
  }

  it('without restarts the error names the rank; the run goes on with another number of processes', async () => {
    const { events, onProgress } = listener()
    const out = path('elastic')
    const failed = await rejection(
      train({
        ...options,
        out,
        processes: 2,
        onProgress(event: TrainEvent) {
          onProgress(event)
          if (event.type !== 'step' || event.step !== 5) return
          process.kill((events.find(({ type }) => type === 'start') as { pid: number }).pid, 'SIGKILL')
        },
      }),
    )
    expect((failed as SimclrError).code).to.equal('ERR_SIMCLR_RANK')
    expect(failed.message).to.match(/Rank 0 was killed by SIGKILL/)
    const run = await train({ ...options, out, processes: 3 })
    run.encoder.dispose()
    const start = await tensors('whole-1', 'checkpoints/step-00000000.safetensors')
    const [one, elastic] = [await tensors('whole-1'), await tensors('elastic')]
    expect(travelled(one, elastic)).to.be.below(1e-6 * travelled(one, start))
  })

  it('the port of their store is never free for somebody else to take', async () => {
    const thieves: Server[] = []
    const { close } = Server.prototype
    Server.prototype.close = function (this: Server, ...parameters) {
      const address = this.address() as { port: number } | null
      const closed = close.apply(this, parameters)
      if (address)
        thieves.push(
          createServer()
            .on('error', () => {})
            .listen(address.port, '127.0.0.1'),
        )
      return closed
    }
    try {
      const run = await train({ ...options, epochs: 1, processes: 2, out: path('port') })
      run.encoder.dispose()
    } finally {
      Server.prototype.close = close
      for (const thief of thieves) thief.close()
    }
    expect(thieves, 'somebody tried').to.have.length(1)
  })

  it('rank 0 validates for longer than the timeout says: the others wait for it', async () => {
    using _slow = holdUp({ rank: 0, method: 'embed', milliseconds: 6000 })
    const validation = { data: 'synthetic:scenes,count=40,size=16,seed=2', everyEpochs: 2, patience: 5 }
    const limits = { distributed: { timeoutSeconds: 5 } }
    const run = await train({ ...options, ...limits, validation, processes: 2, out: path('validated') })
    run.encoder.dispose()
    expect(run.history.at(-1)!.validation).to.be.a('number')
  })

  it('an abort stops all of them at one step, with a checkpoint to go on from', async () => {
    const controller = new AbortController()
    const reason = new Error('enough')
    const { events, onProgress } = listener()
    const out = path('aborted')
    const failed = await rejection(
      train({
        ...options,
        out,
        processes: 2,
        signal: controller.signal,
        onProgress(event: TrainEvent) {
          onProgress(event)
          if (event.type === 'step' && event.step === 3) controller.abort(reason)
        },
      }),
    )
    expect(failed).to.equal(reason)
    const run = await train({ ...options, out, processes: 2, onProgress })
    run.encoder.dispose()
    expect(distance(await tensors('aborted'), await tensors('whole-2'))).to.equal(0)
    const steps = numbers(events) as { step: number }[]
    expect(new Set(steps.map(({ step }) => step)).size).to.equal(12)
  })

  it('restarts of what goes on from another run begin with its checkpoint, then with their own', async () => {
    const controller = new AbortController()
    const stopped = train({
      ...options,
      out: path('origin'),
      signal: controller.signal,
      onProgress: (event) => event.type === 'step' && event.step === 3 && controller.abort(),
    })
    expect((await rejection(stopped)).name).to.equal('AbortError')
    const starts: number[] = []
    let deaths = 0
    const run = await train({
      ...options,
      out: path('onward'),
      resume: path('origin'),
      processes: 2,
      maxRestarts: 2,
      onProgress(event: TrainEvent) {
        if (event.type === 'start') starts.push(event.step)
        // Before its folder has anything, and when it has checkpoints of its own.
        const isDue = deaths === 0 ? event.type === 'data' : event.type === 'step' && event.step === 8
        if (!isDue || deaths === 2) return
        deaths++
        for (const pid of ranksOf(process.pid)) process.kill(pid, 'SIGKILL')
      },
    })
    run.encoder.dispose()
    expect(deaths).to.equal(2)
    expect(starts[0]).to.equal(4)
    expect(starts.at(-1)).to.be.within(7, 9)
    expect(distance(await tensors('onward'), await tensors('whole-2'))).to.be.below(1e-6)
  })
})
