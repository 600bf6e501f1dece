import { existsSync, readFileSync } from 'node:fs'
import { expect } from 'chai'
import type { TrainOptions } from '../../lib/config/options.ts'
import { Encoder } from '../../lib/encoder.ts'
import { evaluate } from '../../lib/evaluate/evaluate.ts'
import type { EpochEvent } from '../../lib/index.ts'
import { readSafetensors } from '../../lib/io/safetensors.ts'
import { train } from '../../lib/train.ts'
import { temporaryFolder } from '../support/folder.ts'
import { congruential } from '../support/pixels.ts'
import { rejection } from '../support/rejection.ts'
import { listener, tiny } from '../support/tiny.ts'

const held = 'synthetic:scenes,count=400,size=16,split=test'
const options = { ...tiny, epochs: 3, validation: { data: held } } as const

describe('validation on held-out images', function () {
  this.timeout(120_000)
  const path = temporaryFolder()
  const trained = async (more: TrainOptions) => {
    const run = await train({ ...options, ...more })
    run.encoder.dispose()
    return run
  }
  const accuracies = (history: EpochEvent[]) => history.map(({ validation }) => validation)
  /** How many epochs a run has that ends after `patience` without a better one. */
  const epochsOf = (all: (number | null)[], patience: number) => {
    let [best, since] = [-1, 0]
    const last = all.findIndex((accuracy) => {
      since = accuracy! > best ? 0 : since + 1
      best = Math.max(best, accuracy!)
      return since === patience
    })
    return last < 0 ? all.length : last + 1
  }
  const weights = async (file: string) =>
    (await readSafetensors(file)).tensors.map(({ data }) => Buffer.from(data))

  it('keeps the encoder that does best, which evaluate() finds as good', async () => {
    const { events, onProgress } = listener()
    const { history, best, folder } = await trained({ out: path('knn'), onProgress })
    const all = accuracies(history)
    expect(all.every((accuracy) => accuracy !== null && accuracy > 0)).to.equal(true)
    const highest = Math.max(...(all as number[]))
    const first = history.find(({ validation }) => validation === highest)!
    expect(best).to.deep.equal({ path: path('knn', 'best.safetensors'), step: first.step, accuracy: highest })
    expect(events.findLast(({ type }) => type === 'best')).to.deep.equal({ type: 'best', ...best })
    const again = await evaluate({ encoder: best!.path, data: tiny.data, test: held, device: 'cpu' })
    expect(again.accuracy).to.equal(highest)
    const lines = readFileSync(path('knn', 'metrics.jsonl'), 'utf8')
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line))
    expect(accuracies(lines.filter(({ type }) => type === 'epoch'))).to.deep.equal(all)
    await using encoder = await Encoder.load(folder)
    expect(encoder.preprocessing.imageSize).to.equal(16)
  })

  it('is by a linear probe, or a classifier where labels are learnt, as often as is asked and at the end', async () => {
    const validation = { data: held, everyEpochs: 2 }
    const linear = await trained({ out: path('linear'), validation: { ...validation, metric: 'linear' } })
    expect(accuracies(linear.history).map((accuracy) => accuracy !== null)).to.deep.equal([false, true, true])
    const probe = { encoder: linear.best!.path, data: tiny.data, test: held, probe: 'linear' } as const
    expect((await evaluate(probe)).accuracy).to.equal(linear.best!.accuracy)
    const { encoder: _, ...tuning } = options
    const tuned = await train({ ...tuning, preset: 'fine-tune', init: path('linear'), out: path('tuned') })
    tuned.encoder.dispose()
    expect(tuned.config.validation.metric).to.equal('classifier')
    const classifier = { encoder: tuned.best!.path, test: held, probe: 'classifier' } as const
    expect((await evaluate(classifier)).accuracy).to.equal(tuned.best!.accuracy)
  })

  it('learns from held-out images where those trained on have no labels', async () => {
    const data = congruential(32, 16)
    const { history } = await trained({ data, out: path('unlabelled') })
    // 80 images, of which 16 are asked for.
    for (const accuracy of accuracies(history)) expect((accuracy! * 16) % 1).to.equal(0)
  })

  it('ends a run that does not get better, and lets it go on with more patience', async () => {
    const { events, onProgress } = listener()
    const validation = { data: held, patience: 1 }
    const impatient = { epochs: 12, validation, out: path('impatient') }
    const { history, best } = await trained({ ...impatient, onProgress })
    expect(history.length).to.be.below(12)
    expect(history).to.have.length(epochsOf(accuracies(history), 1))
    const told = events.filter(
      (event) => event.type === 'warning' && event.message.startsWith('The run ends after'),
    )
    expect(told).to.have.length(1)
    expect(existsSync(path('impatient', 'encoder.safetensors'))).to.equal(true)
    const again = await trained(impatient)
    expect(again.history).to.deep.equal(history)
    expect(again.best).to.deep.equal(best)
    const other = await trained({
      ...impatient,
      validation: { data: held.replace('400', '300'), patience: 1 },
    })
    expect(other.history.length, 'other images count anew').to.be.above(history.length)
    const patient = await trained({ ...impatient, validation: { data: held, patience: 100 } })
    expect(patient.history).to.have.length(12)
    expect(patient.history.slice(0, history.length)).to.deep.equal(history)
  })

  it('of a run that was stopped and went on is that of one that was not', async () => {
    const whole = await trained({ epochs: 4, out: path('whole') })
    const stop = new AbortController()
    const onProgress: TrainOptions['onProgress'] = (event) => {
      if (event.type === 'step' && event.step === 14) stop.abort(new Error('enough'))
    }
    const parts = { epochs: 4, out: path('parts') }
    await rejection(trained({ ...parts, signal: stop.signal, onProgress }))
    const { history, best } = await trained(parts)
    expect(accuracies(history)).to.deep.equal(accuracies(whole.history))
    expect(best).to.deep.equal({ ...whole.best, path: path('parts', 'best.safetensors') })
    expect(await weights(best!.path)).to.deep.equal(await weights(whole.best!.path))
  })

  it('ends a run of two processes, and one in a process of its own, for all', async () => {
    const impatient = { epochs: 12, validation: { data: held, patience: 1 } }
    for (const where of [{ processes: 2 }, { isolate: true }]) {
      const out = path(Object.keys(where)[0]!)
      const { history, best } = await trained({ ...impatient, ...where, out })
      expect(history.length).to.be.below(12)
      expect(history).to.have.length(epochsOf(accuracies(history), 1))
      expect(best!.accuracy).to.equal(Math.max(...(accuracies(history) as number[])))
    }
  })

  it('is put aside where a run goes on from before it', async () => {
    const { onProgress, events } = listener()
    const out = path('branches')
    const checkpoint = { everyEpochs: 1, everySeconds: null, keep: 9 }
    await trained({ out, checkpoint })
    const first = path('branches', 'checkpoints', 'step-00000000.safetensors')
    const { best, history } = await trained({ out, checkpoint, resume: first, epochs: 1, onProgress })
    expect(best).to.include({ step: 6, accuracy: history[0]!.validation })
    expect(existsSync(path('branches', 'best.safetensors.aside-1'))).to.equal(true)
    const told = events.filter(
      (event) => event.type === 'warning' && event.message.includes('best.safetensors is now'),
    )
    expect(told).to.have.length(1)
  })

  it('is warned of where images are also trained on, and only there', async () => {
    const scenes = (split: string) => `synthetic:scenes,count=100,size=16,split=${split}`
    const told = async (data: string, held: string, name: string) => {
      const { events, onProgress } = listener()
      await trained({ data, epochs: 1, validation: { data: held }, out: path(name), onProgress })
      const said = events.flatMap((event) => (event.type === 'warning' ? [event.message] : []))
      return said.filter((message) => !/^(The run has|Views of)/.test(message)) // so few and small
    }
    expect(await told(scenes('train'), scenes('test'), 'apart')).to.deep.equal([])
    const [part, ...more] = await told(scenes('train'), scenes('all'), 'part')
    expect(part).to.match(/^80 of the 100 images of .+ are also trained on, pixel for pixel/)
    expect(more).to.deep.equal([])
    expect((await told(scenes('test'), scenes('test'), 'same'))[0]).to.match(/^20 of the 20 images/)
  })

  it('is refused without what it needs', async () => {
    const refused = async (more: TrainOptions) =>
      (await rejection(trained({ out: path('refused'), ...more }))).message
    expect(await refused({ validation: { patience: 2 } })).to.match(
      /patience needs them, for `validation\.data`/,
    )
    expect(await refused({ validation: { data: held, metric: 'classifier' } })).to.match(/'knn' or 'linear'/)
    expect(await refused({ validation: { data: path('not there') } })).to.match(/not there/)
    expect(existsSync(path('refused'))).to.equal(false)
  })
})
