import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { expect } from 'chai'
import sharp from 'sharp'
import type { TrainOptions } from '../../lib/config/options.ts'
import { open } from '../../lib/data/open.ts'
import { storeImages } from '../../lib/data/store.ts'
import { Encoder } from '../../lib/encoder.ts'
import { evaluate } from '../../lib/evaluate/evaluate.ts'
import type { EvaluateOptions } from '../../lib/evaluate/options.ts'
import { presets, SimclrError } from '../../lib/index.ts'
import { readSafetensors } from '../../lib/io/safetensors.ts'
import { train } from '../../lib/train.ts'
import { listCheckpoints } from '../../lib/weights/checkpoint.ts'
import { temporaryFolder } from '../support/folder.ts'
import { rejection } from '../support/rejection.ts'
import { listener, tiny, trained } from '../support/tiny.ts'

const scenes = (split: 'train' | 'test') => `synthetic:scenes,count=1000,size=24,split=${split}`
const { preset: _, encoder: __, ...quick } = tiny
/** On labelled scenes, from an encoder. */
const tuning = { ...quick, preset: 'fine-tune', data: scenes('train'), batchSize: 24 } as const

describe('fine-tuning', function () {
  this.timeout(180_000)
  const path = temporaryFolder()
  const weights = async (run: string) => {
    const { tensors } = await readSafetensors(path(run, 'encoder.safetensors'))
    return new Map(tensors.map(({ name, data }) => [name, Buffer.from(data).toString('base64')]))
  }

  before(async () => {
    const encoder = { width: 0.25, stem: 'stride2' } as const
    await trained({
      ...tiny,
      encoder,
      data: scenes('train'),
      imageSize: 24,
      epochs: 1,
      out: path('pretrained'),
    })
    await trained({
      ...{ ...tuning, init: path('pretrained'), epochs: 6, batchSize: 16, threads: 2, out: path('tuned') },
      ...{ optimizer: { lr: 0.8 }, augment: { cropArea: [0.5, 1] } }, // much in few steps
    })
  })

  it('begins with the encoder that it is given, its architecture, size and normalisation', async () => {
    const run = await trained({
      ...tuning,
      init: path('pretrained'),
      optimizer: { lr: 0 },
      epochs: 1,
      out: path('still'),
    })
    expect(run.config).to.include({
      objective: 'supervised',
      init: path('pretrained'),
      imageSize: 24,
      views: 1,
    })
    expect(run.config.encoder).to.include({
      arch: 'resnet18',
      width: 0.25,
      stem: 'stride2',
      convention: 'torch',
    })
    const { why } = JSON.parse(readFileSync(path('still', 'config.json'), 'utf8'))
    expect(why).to.deep.include({
      'encoder.width': { by: 'init', text: `init ${path('pretrained')}` },
      views: { by: 'objective', text: 'objective supervised' },
    })
    const [before, after] = [await weights('pretrained'), await weights('still')]
    const kept = [...before.keys()].filter((name) => !/running|num_batches/.test(name))
    expect(kept).to.have.length.above(40)
    for (const name of kept) expect(after.get(name), name).to.equal(before.get(name))
  })

  it('learns classes that it tells of images it has not seen', async () => {
    const test = scenes('test')
    using encoder = await Encoder.load(path('tuned'))
    const { accuracy, top5, perClass, classes, images, testImages } = await evaluate({
      encoder,
      test,
      probe: 'classifier',
    })
    expect({ classes, images, testImages }).to.deep.equal({ classes: 10, images: 0, testImages: 200 })
    expect(accuracy).to.be.above(0.25) // one in ten by chance
    const set = await storeImages(await open(test))
    const said = await encoder.classify(Array.from({ length: 200 }, (_, i) => set.store.get(i)))
    set.dispose()
    const right = { top1: 0, top5: 0 }
    for (const [i, label] of set.labels!.entries()) {
      const row = said.data.subarray(10 * i, 10 * i + 10)
      const above = row.filter((value) => value > row[label]!).length
      if (above < 1) right.top1 += 1
      if (above < 5) right.top5 += 1
    }
    expect({ accuracy, top5 }).to.deep.equal({ accuracy: right.top1 / 200, top5: right.top5 / 200 })
    expect(perClass.map(({ name }) => name)).to.deep.equal(encoder.classes)
  })

  it('leaves a classifier in encoder.safetensors, which loads, saves and says the same', async () => {
    using encoder = await Encoder.load(path('tuned'))
    expect(encoder.classes).to.have.length(10)
    const images = [40, 200].map((grey) => ({
      data: new Uint8Array(24 * 24 * 3).fill(grey),
      ...{ width: 24, height: 24, channels: 3 as const },
    }))
    const said = await encoder.classify(images)
    expect(said.shape).to.deep.equal([2, 10])
    for (const i of [0, 1]) {
      const row = said.data.subarray(10 * i, 10 * i + 10)
      expect(row.reduce((sum, value) => sum + value)).to.be.closeTo(1, 1e-5)
      expect(said.best[i]).to.equal(encoder.classes![row.indexOf(Math.max(...row))])
    }
    await encoder.save(path('copy.safetensors'))
    using copy = await Encoder.load(path('copy.safetensors'))
    expect(copy.classes).to.deep.equal(encoder.classes)
    expect(await copy.classify(images)).to.deep.equal(said)
    expect((await copy.classify([])).shape).to.deep.equal([0, 10])
  })

  it('a checkpoint loads as the encoder and classifier that it holds', async () => {
    const [newest] = await listCheckpoints(path('tuned', 'checkpoints'))
    using whole = await Encoder.load(path('tuned'))
    using one = await Encoder.load(newest!)
    expect(one.spec).to.deep.equal(whole.spec)
    expect(one.preprocessing).to.deep.equal(whole.preprocessing)
    expect(one.classes).to.deep.equal(whole.classes)
    const image = { data: new Uint8Array(24 * 24 * 3).fill(90), width: 24, height: 24, channels: 3 as const }
    expect(await one.classify([image])).to.deep.equal(await whole.classify([image]))
  })

  it('tells accuracy instead of a contrast', async () => {
    const { events, onProgress } = listener()
    const run = await trained({
      ...tuning,
      init: path('pretrained'),
      epochs: 1,
      out: path('told'),
      onProgress,
    })
    expect(run.history[0]).to.include({ contrastiveAccuracy: null, entropy: null, knn: null })
    expect(run.history[0]!.probeAccuracy).to.be.within(0, 1)
    expect(run.history[0]!.loss).to.be.closeTo(run.history[0]!.probeLoss!, 1e-12)
    expect(events.some(({ type }) => type === 'end')).to.equal(true)
  })

  it('without init is supervised training from random weights', async () => {
    const run = await trained({ ...tiny, objective: 'supervised', epochs: 1, out: path('scratch') })
    expect(run.config).to.include({ preset: 'torch', init: null, views: 1 })
    expect(run.config.encoder.width).to.equal(0.25)
  })

  it('init also begins contrastive training', async () => {
    const { encoder: _, ...options } = tiny
    const run = await trained({ ...options, init: path('pretrained'), epochs: 1, out: path('onwards') })
    expect(run.config).to.include({ objective: 'contrastive', init: path('pretrained'), imageSize: 24 })
    expect(run.config.encoder.width).to.equal(0.25)
  })

  it('goes on only with the classes that it knows', async () => {
    const named = (names: string[]) => ({
      name: 'two colours',
      count: 16,
      labels: Int32Array.from({ length: 16 }, (_, i) => i % 2),
      classNames: names,
      read: (i: number) => ({
        data: new Uint8Array(16 * 16 * 3).fill(i % 2 ? 200 : 20),
        ...{ width: 16, height: 16, channels: 3 as const },
      }),
    })
    const options = { ...tiny, objective: 'supervised', batchSize: 8, out: path('named') } as const
    await trained({ ...options, data: named(['dark', 'light']), epochs: 1 })
    const error = await rejection(trained({ ...options, data: named(['light', 'dark']), epochs: 2 }))
    expect(error.message).to.match(/Expected .*dark.*light.* for `classes of data`/)
    using encoder = await Encoder.load(path('named'))
    expect(encoder.classes).to.deep.equal(['dark', 'light'])
  })

  for (const [name, options, message] of [
    ['one view to contrast', { views: 1 }, /at least 2 for `views`/],
    ['chunks', { objective: 'supervised', chunkSize: 8 }, /null.* for `chunkSize` but received 8/],
    [
      'a second linear head',
      { objective: 'supervised', probe: { linearHead: true } },
      /false.*`probe.linearHead`/,
    ],
    [
      'images without labels',
      { objective: 'supervised', data: { name: 'black', count: 32, read: () => black } },
      /no labels/,
    ],
    ['weights that are not there', { init: 'nowhere' }, /nowhere is not there/],
    [
      'another architecture than the weights have',
      { init: 'pretrained', encoder: { arch: 'resnet34' } },
      /Expected resnet18, as .*pretrained has it, for `encoder.arch` but received 'resnet34'/,
    ],
  ] as const) {
    it(`refuses ${name}`, async () => {
      const init = 'init' in options ? { init: path(options.init) } : {}
      const error = await rejection(
        train({ ...tiny, ...options, ...init, out: path('refused') } as TrainOptions),
      )
      expect(error).to.be.instanceOf(SimclrError)
      expect(error.message).to.match(message)
    })
  }

  it('says why a folder has no labels to learn', async () => {
    const image = await sharp(black.data, { raw: { width: 16, height: 16, channels: 3 } })
      .png()
      .toBuffer()
    mkdirSync(path('mixed', 'bird'), { recursive: true })
    for (const file of ['bird/1.png', 'bird/2.png', 'stray.png']) writeFileSync(path('mixed', file), image)
    const learning = { ...tuning, data: path('mixed'), batchSize: 2, init: path('pretrained') }
    const error = await rejection(trained({ ...learning, out: path('refused') }))
    expect(error.message).to.contain(
      'The images have no labels: stray.png does not lie in a folder of its class',
    )
  })

  it('an encoder without a classifier says so', async () => {
    using encoder = await Encoder.load(path('pretrained'))
    expect(encoder.classes).to.equal(null)
    for (const asked of [
      encoder.classify([]),
      evaluate({ encoder, test: scenes('test'), probe: 'classifier' }),
    ]) {
      expect(await rejection(asked)).to.include({ code: 'ERR_SIMCLR_STATE' })
    }
  })

  it('evaluate wants what its probe needs, and no more', async () => {
    const of = async (options: object) => {
      const all = { encoder: path('tuned'), test: scenes('test'), ...options }
      return (await rejection(evaluate(all as EvaluateOptions))).message
    }
    expect(await of({})).to.match(/labelled images for `data` but received undefined/)
    expect(await of({ probe: 'classifier', data: scenes('test') })).to.match(/no value.*classifier.*`data`/)
    expect(await of({ probe: 'classifier', encoder: 'raw' })).to.match(/encoder with a classifier/)
  })

  it('is a preset as the paper has it', () => {
    expect(presets['fine-tune'].settings(32)).to.deep.include({
      optimizer: { name: 'sgd', lr: 0.05, nesterov: true, weightDecay: 0 },
      schedule: { scaling: 'linear', warmupEpochs: 0 },
      epochs: 30,
    })
  })
})

const black = { data: new Uint8Array(16 * 16 * 3), width: 16, height: 16, channels: 3 as const }
