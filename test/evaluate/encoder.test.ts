import { rmSync, writeFileSync } from 'node:fs'
import { expect } from 'chai'
import sharp from 'sharp'
import { SimclrError } from '../../lib/addon/errors.ts'
import { readImages } from '../../lib/data/images.ts'
import { Encoder } from '../../lib/encoder.ts'
import { readSafetensors, writeSafetensors } from '../../lib/io/safetensors.ts'
import { train } from '../../lib/train.ts'
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

  it('embeds nothing to nothing', async () => {
    expect(await encoder.embed([])).to.deep.equal({ data: new Float32Array(), shape: [0, 128] })
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

  it('saves what it loads', async () => {
    await encoder.save(path('copy.safetensors'))
    const copy = await Encoder.load(path('copy.safetensors'))
    expect(await copy.embed([raw])).to.deep.equal(await encoder.embed([raw]))
    copy.dispose()
  })

  it('loads from the newest checkpoint where a run was cut off before its encoder was written', async () => {
    rmSync(path('run', 'encoder.safetensors'))
    const fromCheckpoint = await Encoder.load(path('run'))
    expect(await fromCheckpoint.embed([raw])).to.deep.equal(await encoder.embed([raw]))
    fromCheckpoint.dispose()
    await encoder.save(path('run', 'encoder.safetensors'))
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
    const { tensors, metadata } = await readSafetensors(path('run', 'encoder.safetensors'))
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
    await under.catch((error) => expect(error).to.have.property('code', 'ERR_SIMCLR_DISPOSED'))
    expect(await rejection(once.embed([raw]))).to.have.property('code', 'ERR_SIMCLR_DISPOSED')
    await using scoped = await Encoder.load(path('run'))
    expect(scoped.featureDim).to.equal(128)
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
