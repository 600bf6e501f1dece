import { copyFileSync, cpSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { expect } from 'chai'
import { SimclrError } from '../../lib/addon/errors.ts'
import type { TrainOptions } from '../../lib/config/options.ts'
import { readMetrics } from '../../lib/run/metrics.ts'
import { train } from '../../lib/train.ts'
import { withEnvironment } from '../support/environment.ts'
import { temporaryFolder } from '../support/folder.ts'
import { listener, numbers, tiny, trained } from '../support/tiny.ts'

describe('interrupt and resume', function () {
  this.timeout(120_000)
  const path = temporaryFolder()
  const bytes = (run: string) => readFileSync(path(run, 'encoder.safetensors')).toString('base64')
  const checkpoints = (run: string) => readdirSync(path(run, 'checkpoints')).sort()

  /** Aborts after `steps` steps. */
  const partly = async (options: TrainOptions, steps: number) => {
    const controller = new AbortController()
    const reason = new Error('enough')
    const onProgress: TrainOptions['onProgress'] = (event) => {
      if (event.type === 'step' && event.step === steps - 1) controller.abort(reason)
    }
    const error = await train({ ...options, signal: controller.signal, onProgress }).catch((thrown) => thrown)
    expect(error).to.equal(reason)
  }
  const refusal = async (options: TrainOptions): Promise<SimclrError> => {
    const error = await train(options).catch((thrown) => thrown)
    expect(error).to.be.instanceOf(SimclrError)
    return error
  }

  for (const [name, options] of Object.entries({
    'SGD, torch convention': tiny,
    'LARS, paper convention, batches across epochs': {
      ...tiny,
      preset: 'paper',
      encoder: { ...tiny.encoder, arch: 'resnet18' },
      batchSize: 20,
    },
    'AdamW, paper convention, two threads': {
      ...tiny,
      optimizer: { name: 'adamw', convention: 'paper', decayAll: false },
      threads: 2,
    },
    'with the linear head and the kNN probe': { ...tiny, probe: { everyEpochs: 1, linearHead: true } },
    'in bf16 on two threads': { ...tiny, precision: 'bf16', threads: 2 },
    'in fp16, whose loss scale changes': { ...tiny, precision: 'fp16', temperature: 0.01 },
    'three views of each image': { ...tiny, views: 3 },
    'in chunks on two threads': { ...tiny, threads: 2, chunkSize: 4 },
    'learning labels': { ...tiny, objective: 'supervised' },
    'learning labels on a layer of the head': { ...tiny, objective: 'supervised', head: { keep: 1 } },
    'learning labels, after the third group of blocks': {
      ...tiny,
      ...{ objective: 'supervised', fineTuneAfterBlock: 3 },
    },
    'a rate that falls in steps, clipped gradients': {
      ...tiny,
      schedule: { name: 'step', milestones: [1, 1.5], gamma: 0.5 },
      optimizer: { maxGradientNorm: 0.5 },
    },
    'learning labels, smoothed, the encoder slower': {
      ...tiny,
      ...{ objective: 'supervised', labelSmoothing: 0.1, optimizer: { encoderLr: 0.01 } },
    },
    'small views in the first epoch': { ...tiny, resolution: [{ until: 0.5, size: 8 }] },
  } as const satisfies Record<string, TrainOptions>)) {
    it(`an aborted run goes on to the same bits: ${name}`, async () => {
      const slug = name.replace(/\W+/g, '-')
      await trained({ ...options, out: path(`${slug}-whole`) })
      // Not at an epoch's end, and twice.
      await partly({ ...options, out: path(`${slug}-parts`) }, 4)
      await partly({ ...options, out: path(`${slug}-parts`) }, 7)
      const run = await trained({ out: path(`${slug}-parts`) })
      expect(bytes(`${slug}-parts`)).to.equal(bytes(`${slug}-whole`))
      const metrics = async (of: string) => numbers(await readMetrics(path(of, 'metrics.jsonl')))
      expect(await metrics(`${slug}-parts`)).to.deep.equal(await metrics(`${slug}-whole`))
      expect(run.history).to.have.length(2)
    })
  }

  it('an aborted run has a checkpoint and an encoder on the disk', async () => {
    await partly({ ...tiny, out: path('aborted') }, 2)
    expect(checkpoints('aborted')).to.include('step-00000002.safetensors')
    expect(bytes('aborted')).not.to.equal('')
  })

  it('aborts while data are read, leaving nothing', async () => {
    const signal = AbortSignal.abort(new Error('before'))
    const error = await train({ ...tiny, out: path('early'), signal }).catch((thrown) => thrown)
    expect(error.message).to.equal('before')
    expect(readdirSync(path())).not.to.include('early')
  })

  it('keeps the newest checkpoints, every so many steps and epochs', async () => {
    const keep = { everySeconds: null, keep: 3 }
    await trained({ ...tiny, checkpoint: { ...keep, everySteps: 5 }, out: path('steps') })
    expect(checkpoints('steps')).to.deep.equal(
      [5, 10, 12].map((step) => `step-000000${String(step).padStart(2, '0')}.safetensors`),
    )
    await trained({ ...tiny, checkpoint: { ...keep, everyEpochs: 1 }, out: path('epochs') })
    expect(checkpoints('epochs')).to.deep.equal(
      [0, 6, 12].map((step) => `step-000000${String(step).padStart(2, '0')}.safetensors`),
    )
  })

  it('a complete run has nothing left to do', async () => {
    await trained({ ...tiny, out: path('complete') })
    const before = bytes('complete')
    const { events, onProgress } = listener()
    const run = await trained({ out: path('complete'), onProgress })
    expect(numbers(events)).to.deep.equal([])
    expect(run.history).to.have.length(2)
    expect(bytes('complete')).to.equal(before)
  })

  it('does not begin anew over an encoder whose checkpoints are gone', async () => {
    await trained({ ...tiny, epochs: 1, out: path('bare') })
    const before = bytes('bare')
    rmSync(path('bare', 'checkpoints'), { recursive: true })
    const error = await refusal({ ...tiny, seed: 1, out: path('bare') })
    expect(error.code).to.equal('ERR_SIMCLR_STATE')
    expect(error.message).to.contain(path('bare', 'encoder.safetensors'))
    expect(bytes('bare')).to.equal(before)
    expect(JSON.parse(readFileSync(path('bare', 'config.json'), 'utf8')).options.seed).to.equal(0)
  })

  it('says that the images are others than those of the checkpoint', async () => {
    const scenes = (first: number) => `synthetic:scenes,count=96,size=16,seed=${first}`
    await partly({ ...tiny, data: scenes(0), out: path('images') }, 2)
    for (const [first, warned] of [
      [0, false],
      [1, true],
    ] as const) {
      const { events, onProgress } = listener()
      await trained({ data: scenes(first), epochs: first + 2, out: path('images'), onProgress })
      const said = events.flatMap((event) => (event.type === 'warning' ? [event.message] : []))
      expect(
        said.some((message) => /not those of .*step-/.test(message)),
        said.join(),
      ).to.equal(warned)
    }
  })

  it('more epochs than planned are one option away, and the schedule’s change is told', async () => {
    await trained({ ...tiny, epochs: 1, out: path('longer') })
    const { events, onProgress } = listener()
    const run = await trained({ epochs: 2, out: path('longer'), onProgress })
    expect(run.history.map(({ step }) => step)).to.deep.equal([6, 12])
    const warning = events.find(({ type }) => type === 'warning')
    expect(warning)
      .to.have.property('message')
      .that.matches(/planned for 6 steps and now has 12: from step 6 on/)
    expect(await refusal({ epochs: 1, out: path('longer') })).to.have.property(
      'code',
      'ERR_SIMCLR_CHECKPOINT',
    )
  })

  it('another option or other data would be another run, and are refused by name', async () => {
    await partly({ ...tiny, out: path('same') }, 2)
    for (const [options, name] of [
      [{ temperature: 0.1 }, '`temperature`'],
      [{ views: 4 }, '`views`'],
      [{ chunkSize: 8 }, '`chunkSize`'],
      [{ resolution: [{ until: 0.5, size: 8 }] }, '`resolution`'],
      [{ preset: 'paper' }, '`preset`'],
      [{ augment: { flip: 0 } }, '`augment.flip`'],
      [{ augment: { quarterTurn: 0.5 } }, '`augment.quarterTurn`'],
      [{ optimizer: { name: 'adam' } }, '`optimizer.name`'],
      [{ data: 'synthetic:scenes,count=95,size=16' }, '`number of images in data`'],
    ] as const) {
      const error = await refusal({ ...options, out: path('same') })
      expect(error.code).to.equal('ERR_SIMCLR_CHECKPOINT')
      expect(error.message).to.contain(name)
    }
    expect(checkpoints('same')).to.include('step-00000002.safetensors')
  })

  it('a damaged checkpoint is left out by name and the one before is used', async () => {
    const options = { ...tiny, checkpoint: { everySeconds: null, everySteps: 4, keep: 3 } }
    await trained({ ...options, out: path('undamaged') })
    await partly({ ...options, out: path('damaged') }, 9)
    const damaged = path('damaged', 'checkpoints', 'step-00000009.safetensors')
    writeFileSync(damaged, readFileSync(damaged).subarray(0, 1000))
    const { events, onProgress } = listener()
    await trained({ out: path('damaged'), onProgress })
    const warning = events.find(({ type }) => type === 'warning')
    expect(warning).to.have.property('message').that.contains(damaged)
    expect(events.find(({ type }) => type === 'start')).to.have.property('step', 8)
    expect(bytes('damaged')).to.equal(bytes('undamaged'))
    expect(readFileSync(damaged)).to.have.length(1000)
  })

  it('never, or from a path', async () => {
    await partly({ ...tiny, out: path('never') }, 2)
    const error = await refusal({ ...tiny, out: path('never'), resume: 'never' })
    expect(error).to.have.property('code', 'ERR_SIMCLR_STATE')
    await trained({ out: path('never') })

    copyFileSync(path('never', 'checkpoints', 'step-00000002.safetensors'), path('two.safetensors'))
    await trained({ out: path('branch'), resume: path('two.safetensors') })
    expect(bytes('branch')).to.equal(bytes('never'))
    cpSync(path('never'), path('copy'), { recursive: true })
    const { events, onProgress } = listener()
    await trained({
      out: path('copy'),
      resume: path('copy', 'checkpoints', 'step-00000002.safetensors'),
      onProgress,
    })
    expect(numbers(events)).to.have.length(10)
    expect(checkpoints('copy')).to.include('step-00000012.safetensors.aside-1')
    expect(bytes('copy')).to.equal(bytes('never'))
  })

  it('from another run into a folder that holds one is refused, and nothing is changed', async () => {
    await partly({ ...tiny, out: path('origin') }, 2)
    await partly({ ...tiny, seed: 1, out: path('other') }, 5)
    const files = () => [
      checkpoints('other'),
      bytes('other'),
      readFileSync(path('other', 'metrics.jsonl'), 'utf8'),
    ]
    const before = files()
    const error = await refusal({ out: path('other'), resume: path('origin') })
    expect(error.code).to.equal('ERR_SIMCLR_STATE')
    expect(error.message).to.contain(path('other')).and.contain('leave `resume` out')
    expect(files()).to.deep.equal(before)
  })

  it('a branch of another run can go on at once, and keeps who decided its options', async () => {
    await partly({ ...tiny, out: path('trunk') }, 4)
    await partly({ out: path('twig'), resume: path('trunk') }, 5)
    expect(checkpoints('twig')).to.deep.equal(['step-00000004.safetensors', 'step-00000005.safetensors'])
    const reasons = (run: string) => JSON.parse(readFileSync(path(run, 'config.json'), 'utf8')).why
    expect(reasons('twig')).to.deep.equal(reasons('trunk'))
    expect(reasons('twig')).to.deep.include({
      batchSize: { by: 'option', text: 'option' },
      temperature: { by: 'preset', text: 'preset torch' },
    })
  })

  it('in a restart goes on from what the attempt before has come to, however it was told to begin', async () => {
    await partly({ ...tiny, out: path('begun') }, 4)
    const startsAt = async (options: TrainOptions) => {
      const { events, onProgress } = listener()
      await trained({ ...options, onProgress })
      return (events.find(({ type }) => type === 'start') as { step: number }).step
    }
    using _env = withEnvironment({ TORCHELASTIC_RESTART_COUNT: '1' })
    await partly({ out: path('again'), resume: path('begun') }, 6) // the folder had nothing yet
    expect(await startsAt({ out: path('again'), resume: path('begun') })).to.equal(6)
    await partly({ ...tiny, out: path('first'), resume: 'never' }, 3)
    expect(await startsAt({ out: path('first'), resume: 'never' })).to.equal(3)
  })

  it('from an earlier checkpoint leaves nothing of what came after it', async () => {
    await trained({
      ...tiny,
      checkpoint: { everySeconds: null, everySteps: 3, keep: 9 },
      report: true,
      out: path('back'),
    })
    const late = bytes('back')
    await partly({ out: path('back'), resume: path('back', 'checkpoints', 'step-00000003.safetensors') }, 4)
    expect(bytes('back')).not.to.equal(late)
    expect(readFileSync(path('back', 'encoder.safetensors.aside-1')).toString('base64')).to.equal(late)
    expect(readdirSync(path('back')))
      .to.include('report.html.aside-1')
      .and.not.include('report.html')
    const metrics = await readMetrics(path('back', 'metrics.jsonl'))
    expect(metrics.map(({ type, step }) => [type, step])).to.deep.equal(
      [0, 1, 2, 3].map((step) => ['step', step]),
    )
    // The last of those that it had: its encoder is newer than the checkpoint as soon as the run goes on.
    const killed = path('back', 'checkpoints', 'step-00000003.safetensors')
    const failed = await refusal({ out: path('back'), resume: killed, data: path('nowhere') })
    expect(failed.code).to.equal('ERR_SIMCLR_DATA')
    expect(readdirSync(path('back'))).not.to.include('encoder.safetensors')
  })

  it('from an earlier checkpoint puts a damaged encoder aside, and says so', async () => {
    const checkpoint = { everySeconds: null, everySteps: 3, keep: 9 }
    const validation = { data: 'synthetic:scenes,count=40,size=16,split=test' }
    await trained({ ...tiny, checkpoint, validation, out: path('hurt') })
    const intact = readFileSync(path('hurt', 'encoder.safetensors'))
    const damages = [intact.subarray(0, 1000), intact.subarray(0, -1), Buffer.from('no encoder at all')]
    for (const [i, damaged] of damages.entries()) {
      for (const name of ['encoder', 'best']) writeFileSync(path('hurt', `${name}.safetensors`), damaged)
      const { events, onProgress } = listener()
      const resume = path('hurt', 'checkpoints', 'step-00000003.safetensors')
      const run = await trained({ out: path('hurt'), resume, onProgress })
      expect(run.history).to.have.length(2)
      const said = events.flatMap((event) => (event.type === 'warning' ? [event.message] : []))
      for (const name of ['encoder', 'best']) {
        const file = path('hurt', `${name}.safetensors`)
        expect(said.join('\n')).to.contain(`the damaged ${file} is now ${file}.aside-${i + 1}`)
        expect(readFileSync(`${file}.aside-${i + 1}`)).to.deep.equal(damaged)
      }
      expect(bytes('hurt')).to.equal(intact.toString('base64'))
    }
  })

  it('with more steps: an epoch that goes on has one entry, over all its steps', async () => {
    await trained({ ...tiny, steps: 8, out: path('more') })
    const run = await trained({ steps: 12, out: path('more') })
    expect(run.history.map(({ epoch, step }) => [epoch, step])).to.deep.equal([
      [0, 6],
      [1, 12],
    ])
    const epochs = (await readMetrics(path('more', 'metrics.jsonl'))).filter(({ type }) => type === 'epoch')
    expect(epochs).to.deep.equal(run.history)
  })
})
