import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { expect } from 'chai'
import { SimclrError } from '../../lib/addon/errors.ts'
import type { TrainOptions } from '../../lib/config/options.ts'
import { readSafetensors } from '../../lib/io/safetensors.ts'
import type { TrainEvent } from '../../lib/run/events.ts'
import { readMetrics } from '../../lib/run/metrics.ts'
import { train } from '../../lib/train.ts'
import { temporaryFolder } from '../support/folder.ts'
import { rejection } from '../support/rejection.ts'
import { listener, numbers, tiny } from '../support/tiny.ts'

const refusal = async (options: TrainOptions): Promise<SimclrError> => {
  const error = await train(options).then(
    () => expect.fail('trained'),
    (reason) => reason,
  )
  expect(error).to.be.instanceOf(SimclrError)
  return error
}

describe('train()', function () {
  this.timeout(120_000)
  const path = temporaryFolder()

  describe('leaves a run folder behind', () => {
    const events = listener()
    let run: Awaited<ReturnType<typeof train>>
    before(async () => {
      run = await train({ ...tiny, out: path('whole'), onProgress: events.onProgress })
    })
    after(() => run.encoder.dispose())

    it('with an encoder under torchvision’s names, without the head', async () => {
      const { tensors, metadata } = await readSafetensors(path('whole', 'encoder.safetensors'))
      const shapes = new Map(tensors.map(({ name, shape }) => [name, shape]))
      expect(shapes.get('conv1.weight')).to.deep.equal([16, 3, 7, 7])
      expect(shapes.get('layer4.1.bn2.running_var')).to.deep.equal([128])
      expect(
        [...shapes.keys()].filter((name) => /head|classifier|optimizer|^encoder/.test(name)),
      ).to.deep.equal([])
      expect(metadata).to.include({
        arch: 'resnet18',
        width: '0.25',
        stem: 'imagenet',
        convention: 'torch',
        imageSize: '16',
      })
      expect(JSON.parse(metadata.normalize!)).to.deep.equal({
        mean: [0.485, 0.456, 0.406],
        std: [0.229, 0.224, 0.225],
      })
    })

    it('with a history of one entry an epoch, and every step in metrics.jsonl', async () => {
      expect(run.history.map(({ epoch, step }) => [epoch, step])).to.deep.equal([
        [0, 6],
        [1, 12],
      ])
      const metrics = await readMetrics(path('whole', 'metrics.jsonl'))
      expect(metrics.filter(({ type }) => type === 'epoch')).to.deep.equal(run.history)
      expect(numbers(metrics)).to.deep.equal(numbers(events.events)).and.have.length(12)
    })

    it('with a config.json that gives the same run again', async () => {
      const { options, why } = JSON.parse(readFileSync(path('whole', 'config.json'), 'utf8'))
      expect(options).to.include({ data: tiny.data, preset: 'torch', epochs: 2, seed: 0 })
      expect(why).to.deep.include({
        epochs: { by: 'option', text: 'option' },
        'optimizer.lr': { by: 'preset', text: 'preset torch' },
      })
      const again = await train({ ...options, out: path('again') })
      again.encoder.dispose()
      const bytes = (name: string) => readFileSync(path(name, 'encoder.safetensors'))
      expect(bytes('again').equals(bytes('whole'))).to.equal(true)
    })

    it('and returns an encoder that is ready', async () => {
      const { data, shape } = await run.encoder.embed([
        { data: new Uint8Array(16 * 16 * 3).fill(90), width: 16, height: 16, channels: 3 },
      ])
      expect(shape).to.deep.equal([1, 128])
      expect(data.some((value) => value !== 0)).to.equal(true)
      expect(run).to.include({ device: 'cpu', folder: path('whole') })
    })
  })

  it('learns: the loss falls and views find their partners', async () => {
    const run = await train({
      ...tiny,
      data: 'synthetic:scenes,count=256,size=24',
      epochs: 8,
      batchSize: 32,
      temperature: 0.2,
      optimizer: { lr: 0.4 },
      augment: { cropArea: [0.5, 1], strength: 0.2 },
      threads: 2,
      out: path('learns'),
    })
    run.encoder.dispose()
    const [first, last] = [run.history[0]!, run.history.at(-1)!]
    expect(first.loss).to.be.below(Math.log(63))
    expect(last.loss).to.be.below(first.loss - 0.5)
    expect(last.contrastiveAccuracy).to.be.above(1.5 * first.contrastiveAccuracy!)
  })

  it('counts the paper’s epochs: batches cross them, N·E//B + 1 steps', async () => {
    const { events, onProgress } = listener()
    const options = { ...tiny, preset: 'paper', encoder: { ...tiny.encoder, arch: 'resnet18' } } as const
    const run = await train({ ...options, epochs: 3, batchSize: 40, out: path('paper'), onProgress })
    run.encoder.dispose()
    expect(numbers(events)).to.have.length(Math.floor((96 * 3) / 40) + 1)
    expect(run.history.map(({ step }) => step)).to.deep.equal([3, 5, 8])
  })

  it('has the same result for every number of threads, but for rounding', async () => {
    const of = async (threads: number) => {
      const run = await train({
        ...tiny,
        epochs: 1,
        precision: 'fp64',
        threads,
        out: path(`threads-${threads}`),
      })
      run.encoder.dispose()
      return run.history[0]!.loss
    }
    expect(await of(2)).to.be.closeTo(await of(1), 1e-9)
  })

  it('leaves the event loop free', async () => {
    let ticks = 0
    const timer = setInterval(() => ticks++, 1)
    const { events, onProgress } = listener()
    const ticksAtStep: number[] = []
    const run = await train({
      ...tiny,
      batchSize: 48,
      out: path('free'),
      onProgress: (event) => {
        onProgress(event)
        if (event.type === 'step') ticksAtStep.push(ticks)
      },
    })
    clearInterval(timer)
    run.encoder.dispose()
    expect(numbers(events)).to.have.length(4)
    for (let step = 1; step < ticksAtStep.length; step++) {
      expect(ticksAtStep[step], `ticks before step ${step}`).to.be.above(ticksAtStep[step - 1]!)
    }
  })

  it('stops where a listener throws or rejects, with a checkpoint, and fails with what it said', async () => {
    const reason = new Error('no database')
    const steps: number[] = []
    const onProgress = async (event: TrainEvent) => {
      if (event.type !== 'step') return
      steps.push(event.step)
      if (event.step === 1) throw reason
    }
    expect(await rejection(train({ ...tiny, out: path('listener'), onProgress }))).to.equal(reason)
    expect(steps.length).to.be.below(6)
    expect(readdirSync(path('listener', 'checkpoints'))).to.have.length.above(1)

    const atOnce = (event: TrainEvent) => {
      if (event.type === 'step' && event.step === 2) throw reason
    }
    expect(await rejection(train({ ...tiny, out: path('thrown'), onProgress: atOnce }))).to.equal(reason)
    expect(readdirSync(path('thrown', 'checkpoints'))).to.include('step-00000003.safetensors')

    const late = async (event: TrainEvent) => {
      if (event.type === 'end') throw reason
    }
    expect(await rejection(train({ ...tiny, epochs: 1, out: path('late'), onProgress: late }))).to.equal(
      reason,
    )
    expect(readdirSync(path('late'))).to.include('encoder.safetensors')
  })

  it('is one run at a time in a process', async () => {
    const first = train({ ...tiny, epochs: 1, out: path('first') })
    expect(await refusal({ ...tiny, out: path('second') })).to.have.property('code', 'ERR_SIMCLR_BUSY')
    ;(await first).encoder.dispose()
    ;(await train({ ...tiny, epochs: 1, out: path('third') })).encoder.dispose()
  })

  it('stops at numbers that are not finite, naming step, rate and last good checkpoint', async () => {
    const options = { ...tiny, optimizer: { lr: 1e30 }, schedule: { warmupEpochs: 0 }, out: path('diverged') }
    const error = await refusal(options)
    expect(error.code).to.equal('ERR_SIMCLR_DIVERGED')
    expect(error.message).to.match(/at step [1-9]\d* \(epoch 0, learning rate \d/)
    expect(error.message).to.contain(path('diverged', 'checkpoints', 'step-00000000.safetensors'))
    expect(existsSync(path('diverged', 'encoder.safetensors'))).to.equal(false)
  })

  it('learns in fp16 as in fp32, having found its loss scale', async () => {
    const losses = async (precision: 'fp16' | 'fp32') => {
      const { events, onProgress } = listener()
      const options = { ...tiny, precision, epochs: 12, out: path(`half-${precision}`), onProgress }
      const { encoder, history } = await train(options)
      encoder.dispose()
      const steps = events.filter((event) => event.type === 'step')
      return { losses: history.map(({ loss }) => loss), steps }
    }
    const single = await losses('fp32')
    const half = await losses('fp16')
    // Steps are lost to finding the scale; an epoch of six steps moves by 0.05 from one to the next.
    const late = (all: number[]) => all.slice(-6).reduce((sum, loss) => sum + loss, 0) / 6
    expect(late(half.losses)).to.be.below(half.losses[0]! - 0.1)
    expect(late(half.losses) / late(single.losses)).to.be.closeTo(1, 0.03)
    expect(single.steps.every(({ lossScale, skipped }) => lossScale === null && !skipped)).to.equal(true)
    for (const [i, { lossScale, skipped }] of half.steps.entries()) {
      expect(lossScale).to.equal(
        half.steps[i - 1]?.skipped
          ? half.steps[i - 1]!.lossScale! / 2
          : (half.steps[i - 1]?.lossScale ?? 65536),
      )
      if (i >= 12) expect(skipped).to.equal(false)
    }
  })

  for (const precision of ['fp32', 'bf16', 'fp16'] as const) {
    it(`stays finite at a temperature of 0.01: ${precision}`, async () => {
      const { events, onProgress } = listener()
      const options = { ...tiny, precision, temperature: 0.01, out: path(`cold-${precision}`), onProgress }
      ;(await train(options)).encoder.dispose()
      const steps = events.filter((event) => event.type === 'step')
      expect(steps).to.have.length(12)
      for (const { loss, gradientNorm, entropy, skipped } of steps) {
        expect([loss, gradientNorm, entropy].every(Number.isFinite)).to.equal(true)
        expect(gradientNorm > 0).to.equal(!skipped)
      }
    })
  }

  it('trains on the images that limitSeed draws, and says so in config.json', async () => {
    const losses = async (name: string, limitSeed: object) => {
      const options = { ...tiny, epochs: 1, limitPerClass: 4, ...limitSeed, out: path(name) }
      const { encoder, history, config } = await train(options)
      encoder.dispose()
      expect(JSON.parse(readFileSync(path(name, 'config.json'), 'utf8')).options).to.include(limitSeed)
      expect(config.limitSeed).to.equal((limitSeed as { limitSeed?: number }).limitSeed)
      return history.map(({ loss }) => loss)
    }
    const first = await losses('not-drawn', {})
    const one = await losses('draw-1', { limitSeed: 1 })
    expect(await losses('draw-1-again', { limitSeed: 1 })).to.deep.equal(one)
    expect(await losses('draw-2', { limitSeed: 2 })).not.to.deep.equal(one)
    expect(one).not.to.deep.equal(first)
  })

  it('leaves nothing behind where it cannot begin', async () => {
    const cases: [TrainOptions, string, string][] = [
      [{ ...tiny, epochs: 0 }, 'ERR_SIMCLR_INVALID_ARGUMENT', '`epochs`'],
      [{ ...tiny, limit: 8 }, 'ERR_SIMCLR_INVALID_ARGUMENT', '`limit`'],
      [{ ...tiny, batchSize: 97 }, 'ERR_SIMCLR_INVALID_ARGUMENT', '`batchSize`'],
      [{ ...tiny, data: path('nowhere') }, 'ERR_SIMCLR_DATA', path('nowhere')],
      [{ ...tiny, resume: path('nowhere') }, 'ERR_SIMCLR_INVALID_ARGUMENT', '`resume`'],
      [{ ...tiny, device: 'cuda:7' }, 'ERR_SIMCLR_DEVICE', 'cuda:7'],
    ]
    for (const [options, code, part] of cases) {
      const error = await refusal({ ...options, out: path('cannot') })
      expect(error.code, part).to.equal(code)
      expect(error.message).to.contain(part)
      expect(readdirSync(path()).includes('cannot'), part).to.equal(false)
    }
  })
})
