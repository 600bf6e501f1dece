import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { setImmediate } from 'node:timers/promises'
import { pathToFileURL } from 'node:url'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { expect } from 'chai'
import sharp from 'sharp'
import { SimclrError } from '../../lib/addon/errors.ts'
import { resolve } from '../../lib/config/resolve.ts'
import { readImages } from '../../lib/data/images.ts'
import { Encoder } from '../../lib/encoder.ts'
import { readSafetensors, writeSafetensors } from '../../lib/io/safetensors.ts'
import { train } from '../../lib/train.ts'
import { encoderWeights } from '../../lib/weights/encoder-file.ts'
import { temporaryFolder } from '../support/folder.ts'
import { rejection } from '../support/rejection.ts'
import { tiny } from '../support/tiny.ts'

describe('Encoder', function () {
  this.timeout(120_000)
  const path = temporaryFolder()
  let encoder: Encoder
  const pixels = new Uint8Array(20 * 16 * 3).map((_, i) => (i * 7) % 256)
  const raw = { data: pixels, width: 20, height: 16, channels: 3 as const }

  before(async () => {
    const run = await train({ ...tiny, epochs: 1, out: path('run') })
    run.encoder.dispose()
    encoder = await Encoder.load(path('run'))
  })
  after(() => encoder.dispose())

  it('embeds paths, bytes and raw pixels alike, in order', async () => {
    const png = await sharp(pixels, { raw: { width: 20, height: 16, channels: 3 } })
      .png()
      .toBuffer()
    writeFileSync(path('image.png'), png)
    const black = { data: new Uint8Array(16 * 16), width: 16, height: 16, channels: 1 as const }
    const { data, shape } = await encoder.embed([raw, path('image.png'), black, png])
    expect(shape).to.deep.equal([4, 128])
    const row = (i: number) => data.slice(i * 128, (i + 1) * 128)
    expect(row(1)).to.deep.equal(row(0))
    expect(row(3)).to.deep.equal(row(0))
    expect(row(2)).not.to.deep.equal(row(0))
    const alone = (await encoder.embed([raw])).data
    for (const [i, value] of alone.entries())
      expect(row(0)[i]).to.be.closeTo(value, 1e-4 + 1e-4 * Math.abs(value))
  })

  it('decodes large photos as training and evaluation do', async () => {
    const pixels = Uint8Array.from({ length: 300 * 200 * 3 }, (_, i) => (i * 31) % 251)
    await sharp(pixels, { raw: { width: 300, height: 200, channels: 3 } })
      .jpeg()
      .toFile(path('photo.jpg'))
    const images = await readImages([path('photo.jpg')], { imageSize: 16 })
    expect(images.store.get(0)).to.include({ height: 32 })
    const stored = await encoder.embedStore(images.store, Uint32Array.of(0))
    expect((await encoder.embed([path('photo.jpg')])).data).to.deep.equal(stored)
    await images.dispose()
  })

  it('embeds file: URLs, ArrayBuffers and pixels of a canvas', async () => {
    const png = await sharp(pixels, { raw: { width: 20, height: 16, channels: 3 } })
      .png()
      .toBuffer()
    writeFileSync(path('by url.png'), png)
    const data = Uint8ClampedArray.from({ length: 20 * 16 * 4 }, (_, i) =>
      i % 4 === 3 ? 255 : pixels[Math.floor(i / 4) * 3 + (i % 4)]!,
    )
    const canvas = { data, width: 20, height: 16 }
    const url = pathToFileURL(path('by url.png'))
    const features = await encoder.embed([raw, url, new Uint8Array(png).buffer, canvas])
    const row = (i: number) => features.data.slice(i * 128, (i + 1) * 128)
    for (const i of [1, 2, 3]) expect(row(i), `image ${i}`).to.deep.equal(row(0))
  })

  it('embeds what comes from any iterable, chunk after chunk', async () => {
    const images = Array.from({ length: 259 }, (_, i) => ({
      ...raw,
      data: pixels.map((p) => (p * (i + 3)) % 256),
    }))
    const all = await encoder.embed(images)
    async function* later() {
      for (const image of images) yield image
    }
    expect(await encoder.embed(later())).to.deep.equal(all)
    expect(await encoder.embed(new Set(images))).to.deep.equal(all)
    expect(all.shape).to.deep.equal([259, 128])
    const reused = [...images]
    const under = encoder.embed(reused)
    reused.fill(raw)
    expect(await under, 'the caller may go on with its array').to.deep.equal(all)
  })

  it('refuses what is no list of images, saying what came', async () => {
    for (const [images, came] of [
      [undefined, 'undefined'],
      ['/a.jpg', "'/a.jpg'"],
      [Buffer.from('abc'), '<Buffer 61 62 63>'],
      [raw, '{ data: Uint8Array'],
      [new ArrayBuffer(2), 'ArrayBuffer {'],
    ] as const) {
      const error = await rejection(encoder.embed(images as never))
      expect(error).to.be.instanceOf(SimclrError).with.property('code', 'ERR_SIMCLR_INVALID_ARGUMENT')
      expect(error.message).to.contain(`for \`images\` but received ${came}`).and.contain('embed([image])')
    }
  })

  it('refuses elements that are no images, all of them by place', async () => {
    for (const [image, part] of [
      [null, '`images[1]` but received null.'],
      [5, '`images[1]` but received 5.'],
      ['https://a.example/b.jpg', 'Addresses are not fetched'],
      [{ ...raw, channels: 2 }, '`images[1].channels` but received 2.'],
      [{ ...raw, width: Number.NaN }, '`images[1].width` but received NaN.'],
      [{ ...raw, data: new Float32Array(960) }, '`images[1].data` but received Float32Array(960)'],
    ] as const) {
      const error = await rejection(encoder.embed([raw, image as never, raw, undefined as never]))
      expect(error).to.be.instanceOf(SimclrError).with.property('code', 'ERR_SIMCLR_INVALID_ARGUMENT')
      expect(error.message).to.contain(part).and.contain('Refused too: 1 more.')
      expect((error as SimclrError).unusable?.map(({ index }) => index)).to.deep.equal([1, 3])
    }
    async function* later() {
      for (let i = 0; i < 300; i++) yield (i === 270 ? null : raw) as never
    }
    expect((await rejection(encoder.embed(later()))).message).to.contain('`images[270]` but received null.')
  })

  it('embeds nothing to nothing', async () => {
    expect(await encoder.embed([])).to.deep.equal({ data: new Float32Array(), shape: [0, 128] })
  })

  it('reads few files of a list at once, however many there are', async () => {
    const pixels = { create: { width: 1600, height: 1600, channels: 3, background: '#842' } } as const
    await sharp(pixels).png({ compressionLevel: 0 }).toFile(path('large.png'))
    const files = Math.min(256, 48 + 8 * availableParallelism())
    const bytes = 1600 * 1600 * 3
    let most = 0
    const timer = setInterval(() => {
      most = Math.max(most, process.memoryUsage().arrayBuffers)
    }, 1)
    const before = process.memoryUsage().arrayBuffers
    await encoder.embed(Array.from({ length: files }, () => path('large.png')))
    clearInterval(timer)
    // Those being decoded, and what the collector has not come to.
    expect(most - before).to.be.below((files / 2) * bytes)
  })

  it('embeds from several places at once', async () => {
    const alone = await encoder.embed([raw])
    const together = await Promise.all(Array.from({ length: 8 }, () => encoder.embed([raw])))
    for (const features of together) expect(features).to.deep.equal(alone)
  })

  it('knows what it is', () => {
    expect(encoder.spec).to.deep.equal({
      arch: 'resnet18',
      width: 0.25,
      stem: 'imagenet',
      convention: 'torch',
      skRatio: 0,
    })
    expect(encoder.preprocessing).to.deep.include({ imageSize: 16, convention: 'torch' })
    expect(encoder).to.include({ featureDim: 128, device: 'cpu', precision: 'fp32' })
  })

  it('says that tf32 needs a GPU', async () => {
    const spec = { arch: 'resnet18', width: 0.125 } as const
    const error = await rejection(Encoder.random(spec, {}, { device: 'cpu', precision: 'tf32' }))
    expect(error).to.have.property('code', 'ERR_SIMCLR_INVALID_ARGUMENT')
    expect(error.message).to.include('tf32 needs a GPU')
  })

  it('saves what it loads', async () => {
    await encoder.save(path('copy.safetensors'))
    const copy = await Encoder.load(path('copy.safetensors'))
    expect(await copy.embed([raw])).to.deep.equal(await encoder.embed([raw]))
    copy.dispose()
  })

  it('says where it cannot save, in the words of the caller', async () => {
    mkdirSync(path('folder'))
    for (const [to, code, part] of [
      [path('nodir/x.safetensors'), 'ERR_SIMCLR_IO', `${path('nodir')} is not there`],
      [path('folder'), 'ERR_SIMCLR_IO', `${path('folder')} but it is a folder`],
      [undefined, 'ERR_SIMCLR_INVALID_ARGUMENT', '`path` but received undefined'],
      [new URL('https://a.example/x'), 'ERR_SIMCLR_INVALID_ARGUMENT', "'https://a.example/x'"],
    ] as const) {
      const error = await rejection(encoder.save(to as string))
      expect(error).to.be.instanceOf(SimclrError).with.property('code', code)
      expect(error.message).to.contain(part).and.not.contain('.tmp')
    }
    expect(await rejection(Encoder.load(undefined as never))).to.have.property(
      'code',
      'ERR_SIMCLR_INVALID_ARGUMENT',
    )
    await encoder.save(pathToFileURL(path('by url.safetensors')))
    await using loaded = await Encoder.load(pathToFileURL(path('by url.safetensors')))
    expect(loaded.spec).to.deep.equal(encoder.spec)
  })

  it('loads from the newest checkpoint where a run was cut off before its encoder was written', async () => {
    rmSync(path('run', 'encoder.safetensors'))
    const fromCheckpoint = await Encoder.load(path('run'))
    expect(await fromCheckpoint.embed([raw])).to.deep.equal(await encoder.embed([raw]))
    fromCheckpoint.dispose()
    await encoder.save(path('run', 'encoder.safetensors'))
  })

  it('loads from the newest checkpoint where the run has gone on since its encoder was written', async () => {
    const file = path('longer', 'encoder.safetensors')
    ;(await train({ ...tiny, epochs: 1, out: path('longer') })).encoder.dispose()
    const old = readFileSync(file)
    const run = await train({ epochs: 2, out: path('longer') })
    writeFileSync(file, old) // as if it had been killed after its last checkpoint
    const loaded = await Encoder.load(path('longer'))
    expect(await loaded.embed([raw])).to.deep.equal(await run.encoder.embed([raw]))
    loaded.dispose()
    await run.encoder.save(file) // by hand: of no step
    ;(await Encoder.load(path('longer'))).dispose()
    run.encoder.dispose()
  })

  it('names the image that is none', async () => {
    writeFileSync(path('text.jpg'), 'no image')
    const error = await rejection(encoder.embed([raw, path('text.jpg')]))
    expect(error).to.be.instanceOf(SimclrError).with.property('code', 'ERR_SIMCLR_DATA')
    expect(error.message).to.contain(path('text.jpg'))
  })

  it('tells of all images that are none, by their places', async () => {
    const images = [...Array.from({ length: 256 }, () => raw), new Uint8Array(9), raw, new Uint8Array(0)]
    const error = await rejection(encoder.embed(images))
    expect(error).to.be.instanceOf(SimclrError)
    expect(error.message).to.contain('image 256 ').and.to.contain('1 more')
    const { unusable } = error as SimclrError
    expect(unusable?.map(({ index }) => index)).to.deep.equal([256, 258])
    expect(unusable?.map(({ reason }) => reason.split(':')[0])).to.deep.equal(['not an image', 'empty'])
  })

  it('refuses files that are no encoder, and weights that do not fit', async () => {
    const { tensors, metadata: written } = await readSafetensors(path('run', 'encoder.safetensors'))
    const { sha256: _, ...metadata } = written // the files below are other ones on purpose
    const others = tensors.map((tensor) => ({ ...tensor, name: `of_another_${tensor.name}` }))
    await writeSafetensors(path('foreign.safetensors'), others, { format: 'pt' })
    await writeSafetensors(path('short.safetensors'), tensors.slice(1), metadata)
    await writeSafetensors(path('wide.safetensors'), tensors, { ...metadata, width: '0.5' })
    for (const name of ['foreign', 'short', 'wide']) {
      const error = await rejection(Encoder.load(path(`${name}.safetensors`)))
      expect(error, name)
        .to.be.instanceOf(SimclrError)
        .with.property('code', 'ERR_SIMCLR_INCOMPATIBLE_WEIGHTS')
    }
    expect(await rejection(Encoder.load(path('nowhere')))).to.have.property('code', 'ERR_SIMCLR_IO')
    expect(await rejection(Encoder.load(''))).to.have.property('code', 'ERR_SIMCLR_INVALID_ARGUMENT')
  })

  it('is gone after dispose, which may be called twice', async () => {
    const once = await Encoder.load(path('run'))
    const under = once.embed([raw])
    once.dispose()
    once.dispose()
    expect((await under).shape).to.deep.equal([1, 128]) // it was under way
    expect(await rejection(once.embed([raw]))).to.have.property('code', 'ERR_SIMCLR_DISPOSED')
    await using scoped = await Encoder.load(path('run'))
    expect(scoped.featureDim).to.equal(128)
  })

  it('keeps no weights after dispose, in native memory or in ours', async () => {
    setFlagsFromString('--expose-gc')
    const collect = runInNewContext('gc') as () => void
    const held = async () => {
      for (let i = 0; i < 5; i++) {
        collect()
        await setImmediate() // what has been collected is freed in turns of their own
      }
      return process.memoryUsage().arrayBuffers
    }
    const before = await held()
    const large = await Encoder.random({}, { imageSize: 32 })
    expect((await held()) - before).to.be.above(40e6) // 11 million numbers
    large.dispose()
    expect((await held()) - before).to.be.below(5e6)
    expect(large.spec.arch).to.equal('resnet18')
    expect(await rejection(large.save(path('gone.safetensors')))).to.have.property(
      'code',
      'ERR_SIMCLR_DISPOSED',
    )
  })

  it('untrained, has what training would have where nothing is said', async () => {
    await using small = await Encoder.random({ width: 0.125 }, { imageSize: 32 })
    const { config } = resolve(
      { encoder: { width: 0.125 }, precision: 'fp32' },
      {
        data: { images: 1000, imageSize: 32, labelled: false, isDefault: false },
        machine: { cores: 1, devices: ['cpu'], gpuProblem: null, bf16Speed: () => 0 },
      },
    )
    expect(small.spec).to.deep.equal(config.encoder)
    expect(small.preprocessing).to.deep.equal(encoderWeights(config, [], null).preprocessing)
    await using torch = await Encoder.random(
      { width: 0.125, stem: 'auto' },
      { imageSize: 24, convention: 'torch', normalize: null },
    )
    expect(torch.spec).to.include({ arch: 'resnet18', stem: 'cifar' })
    expect(torch.preprocessing).to.deep.equal({ imageSize: 24, convention: 'torch', normalize: null })
    expect(await torch.embed([]))
      .to.have.property('shape')
      .that.deep.equals([0, 64])
  })

  it('untrained, refuses what no encoder is made of, with what it takes', async () => {
    for (const [spec, preprocessing, part] of [
      [null, {}, '`spec` but received null'],
      [{ width: 0.3 }, {}, 'Expected a multiple of 1/8 up to 16 for `spec.width` but received 0.3.'],
      [{ depth: 18 }, {}, '`spec.depth`'],
      [{}, { imageSize: 4 }, 'from 8 to 1024 for `preprocessing.imageSize` but received 4.'],
      [{}, { normalize: { mean: [0] } }, '`preprocessing.normalize`'],
    ] as const) {
      const error = await rejection(Encoder.random(spec as never, preprocessing as never))
      expect(error).to.be.instanceOf(SimclrError).with.property('code', 'ERR_SIMCLR_INVALID_ARGUMENT')
      expect(error.message).to.contain(part)
    }
    const seed = await rejection(Encoder.random({}, {}, { seed: -1 }))
    expect(seed.message).to.contain('`seed` but received -1')
    expect(() => new (Encoder as unknown as new () => Encoder)())
      .to.throw(SimclrError, 'Use `await Encoder.load(path)`')
      .with.property('code', 'ERR_SIMCLR_INVALID_ARGUMENT')
  })

  it('untrained, is a function of its seed', async () => {
    const of = async (seed: number) => {
      const random = await Encoder.random(encoder.spec, encoder.preprocessing, { seed })
      const features = await random.embed([raw])
      random.dispose()
      return features
    }
    expect(await of(1)).to.deep.equal(await of(1))
    expect(await of(1)).not.to.deep.equal(await of(2))
  })
})
