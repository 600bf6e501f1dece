import { createHash } from 'node:crypto'
import { mkdirSync, writeFileSync } from 'node:fs'
import { expect } from 'chai'
import { SimclrError } from '../../lib/addon/errors.ts'
import { loadAddon } from '../../lib/addon/load.ts'
import { open } from '../../lib/data/open.ts'
import { Encoder } from '../../lib/encoder.ts'
import { evaluate } from '../../lib/evaluate/evaluate.ts'
import type { EvaluateOptions } from '../../lib/evaluate/options.ts'
import { centred, knnAccuracy, linearAccuracy } from '../../lib/evaluate/probes.ts'
import { readSafetensors } from '../../lib/io/safetensors.ts'
import { train } from '../../lib/train.ts'
import { file } from '../data/pictures.ts'
import { temporaryFolder } from '../support/folder.ts'
import { rejection } from '../support/rejection.ts'
import { listener, numbers, tiny } from '../support/tiny.ts'

/** Squares of two sizes on black: class 0 bright, class 1 dark; raw pixels tell them apart. */
const twoClasses = (count: number, offset = 0) => ({
  images: Array.from({ length: count }, (_, i) => ({
    data: new Uint8Array(16 * 16).map(
      (_, p) => ((i + offset) % 2 === 0 ? 200 : 40) + ((p * (i + offset + 3)) % 31),
    ),
    width: 16,
    height: 16,
    channels: 1 as const,
  })),
  labels: Array.from({ length: count }, (_, i) => (i + offset) % 2),
})

describe('probes', () => {
  const addon = loadAddon()
  /** Two clusters along two directions, rotated a little by i. */
  const clusters = (count: number) => ({
    data: Float32Array.from({ length: count * 3 }, (_, at) => {
      const i = Math.floor(at / 3)
      return [i % 2, 1 - (i % 2), 0.1 * Math.sin(i)][at % 3]!
    }),
    labels: Int32Array.from({ length: count }, (_, i) => i % 2),
  })

  it('find clusters that are there, with k above the number of rows too', async () => {
    expect(await knnAccuracy(addon, clusters(10), clusters(7))).to.equal(1)
    expect(await linearAccuracy(addon, clusters(10), clusters(7))).to.equal(1)
  })

  it('are told wrong labels as wrong', async () => {
    const wrong = clusters(7)
    wrong.labels = wrong.labels.map((label) => 1 - label)
    expect(await knnAccuracy(addon, clusters(10), wrong)).to.equal(0)
    expect(await linearAccuracy(addon, clusters(10), wrong)).to.equal(0)
  })

  it('centre both sets on the mean of the first', () => {
    const of = (values: number[]) => ({
      data: Float32Array.from(values),
      labels: new Int32Array(values.length / 2),
    })
    const { bank, queries } = centred(of([1, 2, 3, 6]), of([2, 5]))
    expect([...bank.data]).to.deep.equal([-1, -2, 1, 2])
    expect([...queries.data]).to.deep.equal([0, 1])
  })
})

describe('evaluate()', function () {
  this.timeout(120_000)
  const path = temporaryFolder()
  before(async () => {
    const run = await train({ ...tiny, epochs: 1, out: path('run') })
    run.encoder.dispose()
  })

  it('raw pixels and encoders, kNN and linear', async () => {
    for (const encoder of ['raw', path('run'), path('run', 'encoder.safetensors')]) {
      for (const probe of ['knn', 'linear'] as const) {
        const result = await evaluate({ encoder, data: twoClasses(30), test: twoClasses(12, 101), probe })
        expect(result).to.deep.equal({
          probe,
          accuracy: 1,
          standardError: 0,
          top5: null,
          perClass: [
            { name: '0', accuracy: 1, images: 6 },
            { name: '1', accuracy: 1, images: 6 },
          ],
          images: 30,
          testImages: 12,
          classes: 2,
          unseenClasses: [],
          dim: encoder === 'raw' ? 16 * 16 * 3 : 128,
          shared: { count: 0, of: 12, isComplete: true },
          l2: probe === 'linear' ? 1e-3 : null,
          l2Tried: [],
        })
      }
    }
  })

  it('takes a loaded encoder and leaves it open and unchanged', async () => {
    const encoder = await Encoder.load(path('run'))
    const image = {
      data: new Uint8Array(16 * 16).map((_, i) => i),
      width: 16,
      height: 16,
      channels: 1 as const,
    }
    const before = await encoder.embed([image])
    await evaluate({ encoder, data: twoClasses(30), test: twoClasses(12, 101), probe: 'linear' })
    expect(await encoder.embed([image])).to.deep.equal(before)
    encoder.dispose()
    // Before it looks for images.
    const late = { encoder, data: path('nowhere'), test: path('nowhere') }
    expect(await rejection(evaluate(late))).to.have.property('code', 'ERR_SIMCLR_DISPOSED')
  })

  it('learns from as many images of each class, drawn by limitSeed, and names the classes that are left without', async () => {
    const data = 'synthetic:scenes,count=300,size=16'
    const test = 'synthetic:scenes,count=200,size=16,seed=1'
    const options = { encoder: 'raw', probe: 'linear', data, test } as const
    const accuracies = new Set<number>()
    const { classes } = await evaluate(options)
    for (const limitSeed of [undefined, 0, 1, 2]) {
      const result = await evaluate({ ...options, limitPerClass: 3, limitSeed })
      expect(result).to.deep.include({ images: 3 * classes, classes, unseenClasses: [] })
      accuracies.add(result.accuracy)
    }
    expect(accuracies.size).to.be.above(1)
    const share = await evaluate({ ...options, labelFraction: 0.1, limitSeed: 2 })
    expect(share.images).to.equal(classes * Math.round(30 / classes))
    const few = await evaluate({ ...options, limit: 4 })
    const { classNames } = await open(test)
    expect(few.unseenClasses).to.have.length(classes - few.classes)
    expect(classNames).to.include.members(few.unseenClasses)
  })

  it('compares labels by class name, in whatever order a set has them', async () => {
    const test = twoClasses(12, 101)
    const swapped = {
      images: test.images,
      labels: test.labels.map((label) => 1 - label),
      classNames: ['dark', 'bright'],
    }
    const data = { ...twoClasses(30), classNames: ['bright', 'dark'] }
    expect((await evaluate({ encoder: 'raw', data, test: swapped })).accuracy).to.equal(1)
  })

  it('takes raw pixels of the size that it is told, else of at most 32', async () => {
    const dim = async (options: object) =>
      (await evaluate({ encoder: 'raw', data: twoClasses(4), test: twoClasses(4), ...options })).dim
    expect(await dim({ imageSize: 48 })).to.equal(48 * 48 * 3)
    const large = 'synthetic:scenes,count=20,size=40'
    expect(await dim({ data: large, test: large })).to.equal(32 * 32 * 3)
  })

  it('leaves out images that cannot be used, up to maxSkipped of each set', async () => {
    const broken = (set: ReturnType<typeof twoClasses>) => ({
      ...set,
      images: set.images.map((image, i) => (i < 4 ? new Uint8Array(0) : image)),
    })
    const options = { encoder: 'raw', data: broken(twoClasses(30)), test: broken(twoClasses(12, 101)) }
    expect((await rejection(evaluate(options))).message).to.contain('raise `maxSkipped`')
    const { accuracy, images, testImages } = await evaluate({ ...options, maxSkipped: 0.5 })
    expect({ accuracy, images, testImages }).to.deep.equal({ accuracy: 1, images: 26, testImages: 8 })
  })

  it('says why a folder has no labels', async () => {
    mkdirSync(path('pets', 'cat'), { recursive: true })
    mkdirSync(path('pets', 'dog'))
    writeFileSync(path('pets', 'cat', '1.jpg'), await file('jpeg'))
    const { message } = await rejection(evaluate({ encoder: 'raw', data: path('pets'), test: path('pets') }))
    expect(message).to.match(
      /for `data` but .*pets has no labels: all its images lie in one folder, cat \(dog has none\)/,
    )
    expect(message).to.contain('at least two folders with images')
  })

  it('takes any numbers for classes', async () => {
    const numbers = (set: ReturnType<typeof twoClasses>) => ({
      ...set,
      labels: set.labels.map((label) => (label === 0 ? 7 : 50_000)),
    })
    for (const probe of ['knn', 'linear'] as const) {
      const result = await evaluate({
        ...{ encoder: 'raw', probe },
        data: numbers(twoClasses(30)),
        test: numbers(twoClasses(12, 101)),
      })
      expect(result).to.include({ accuracy: 1, classes: 2 })
    }
  })

  it('refuses what it cannot evaluate', async () => {
    using encoder = await Encoder.load(path('run'))
    const good = { encoder: 'raw', data: twoClasses(4), test: twoClasses(4) }
    const { labels: _, ...unlabelled } = twoClasses(4)
    const cases: [object, string, string][] = [
      [{ data: undefined }, 'ERR_SIMCLR_INVALID_ARGUMENT', '`data`'],
      [{ encoder: undefined }, 'ERR_SIMCLR_INVALID_ARGUMENT', '`encoder`'],
      [{ probe: 'svm' }, 'ERR_SIMCLR_INVALID_ARGUMENT', '`probe`'],
      [{ k: 0 }, 'ERR_SIMCLR_INVALID_ARGUMENT', '`k`'],
      [{ prob: 'knn' }, 'ERR_SIMCLR_INVALID_ARGUMENT', 'Did you mean `probe`?'],
      [{ data: unlabelled }, 'ERR_SIMCLR_DATA', 'labels'],
      [{ test: unlabelled }, 'ERR_SIMCLR_DATA', 'labels'],
      [{ data: { ...twoClasses(2), labels: [0, 0.5] } }, 'ERR_SIMCLR_INVALID_ARGUMENT', '`labels[1]`'],
      [{ data: { ...twoClasses(2), labels: [7, 2e9] } }, 'ERR_SIMCLR_INVALID_ARGUMENT', '2000000000'],
      [{ test: { ...twoClasses(2), labels: ['a', 'b'] } }, 'ERR_SIMCLR_INVALID_ARGUMENT', "'a'"],
      [{ encoder: path('nowhere') }, 'ERR_SIMCLR_IO', path('nowhere')],
      [{ maxSkipped: 2 }, 'ERR_SIMCLR_INVALID_ARGUMENT', '`maxSkipped`'],
      [{ probe: 'linear', k: 3 }, 'ERR_SIMCLR_INVALID_ARGUMENT', '`k` but received 3'],
      [{ probe: 'linear', temperature: 1 }, 'ERR_SIMCLR_INVALID_ARGUMENT', '`temperature`'],
      [{ l2: 1 }, 'ERR_SIMCLR_INVALID_ARGUMENT', 'the knn probe has no such option, for `l2`'],
      [{ seed: 1 }, 'ERR_SIMCLR_INVALID_ARGUMENT', 'the knn probe has no such option, for `seed`'],
      [{ limitSeed: 1 }, 'ERR_SIMCLR_INVALID_ARGUMENT', '`limitSeed`'],
      [{ maxIterations: 9 }, 'ERR_SIMCLR_INVALID_ARGUMENT', '`maxIterations`'],
      [{ device: 'cpu' }, 'ERR_SIMCLR_INVALID_ARGUMENT', 'with raw pixels or an open Encoder for `device`'],
      [{ encoder, device: 'cpu' }, 'ERR_SIMCLR_INVALID_ARGUMENT', '`device`'],
      [{ encoder: path('run'), imageSize: 64 }, 'ERR_SIMCLR_INVALID_ARGUMENT', '`imageSize`'],
    ]
    const { data, test } = good
    // @ts-expect-error: kNN has no penalty
    expect(await rejection(evaluate({ encoder: 'raw', data, test, l2: 1 }))).to.be.instanceOf(SimclrError)
    // @ts-expect-error: a probe that learns needs images
    expect(await rejection(evaluate({ encoder: 'raw', test, probe: 'linear' }))).to.be.instanceOf(SimclrError)
    for (const [change, code, part] of cases) {
      const error = await rejection(evaluate({ ...good, ...change } as EvaluateOptions))
      expect(error).to.be.instanceOf(SimclrError).with.property('code', code)
      expect(error.message).to.contain(part)
    }
  })
})

describe('online probes do not change the encoder', function () {
  this.timeout(120_000)
  const path = temporaryFolder()

  it('same weights and buffers, and the same loss and gradient norm at every step, with and without', async () => {
    const of = async (name: string, probe: object) => {
      const { events, onProgress } = listener()
      const options = { ...tiny, probe: { everyEpochs: 0, ...probe }, out: path(name), onProgress }
      const run = await train(options)
      run.encoder.dispose()
      const { tensors } = await readSafetensors(path(name, 'encoder.safetensors'))
      const hash = createHash('sha256')
      for (const tensor of tensors) hash.update(tensor.name).update(tensor.data)
      const steps = numbers(events) as { loss: number; probeLoss: number | null }[]
      return { hash: hash.digest('hex'), losses: steps.map(({ loss }) => loss), steps, history: run.history }
    }
    const without = await of('without', {})
    const knn = await of('knn', { everyEpochs: 1 })
    const linear = await of('linear', { linearHead: true })

    expect(without.history.map((epoch) => epoch.knn)).to.deep.equal([null, null])
    for (const { knn: accuracy } of knn.history) expect(accuracy).to.be.within(0, 1)
    expect(knn.steps).to.deep.equal(without.steps)
    expect(knn.hash).to.equal(without.hash)

    for (const { probeLoss } of linear.steps) expect(probeLoss).to.be.above(0)
    expect(linear.losses).to.deep.equal(without.losses)
    expect(linear.hash).to.equal(without.hash)
    expect(linear.history[1]!.probeLoss).to.be.below(linear.history[0]!.probeLoss!)
  })
})
