import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { expect } from 'chai'
import sharp from 'sharp'
import { loadAddon } from '../../lib/addon/load.ts'
import { type Images, readImages } from '../../lib/data/images.ts'
import { sequence } from '../../lib/data/indices.ts'
import type { Encoder } from '../../lib/encoder.ts'
import { evaluate } from '../../lib/evaluate/evaluate.ts'
import { embedImages, encoderFeatures, rawFeatures } from '../../lib/evaluate/features.ts'
import { train } from '../../lib/train.ts'
import { simclr } from '../support/cli.ts'
import { temporaryFolder } from '../support/folder.ts'
import { rejection } from '../support/rejection.ts'
import { tiny } from '../support/tiny.ts'

describe('a set that is not kept in memory, with images that cannot be used', function () {
  this.timeout(120_000)
  const path = temporaryFolder()
  /** No set fits into this. */
  const little = { NODE_OPTIONS: '--import=data:text/javascript,process.availableMemory=()=>100' }
  const maxSkipped = 0.4
  let encoder: Encoder

  before(async () => {
    for (const [c, name] of ['a', 'b'].entries()) {
      mkdirSync(path('set', name), { recursive: true })
      for (let i = 0; i < 8; i++) {
        const background = c === 0 ? { r: 30 * i, g: 50, b: 0 } : { r: 10, g: 50, b: 30 * i }
        const image = sharp({ create: { width: 16, height: 16, channels: 3, background } })
        await image.png().toFile(path('set', name, `${i}.png`))
      }
    }
    // The last of one class, whose next is the first of the other, and the last of all.
    for (const name of ['a/7.png', 'b/3.png', 'b/7.png']) writeFileSync(path('set', name), 'broken')
    const run = await train({
      ...tiny,
      data: 'synthetic:scenes,count=32,size=16',
      objective: 'supervised',
      epochs: 1,
      out: path('run'),
    })
    encoder = run.encoder
  })
  after(() => encoder.dispose())

  const reading = async <T>(stream: 'on' | 'off', work: (images: Images) => Promise<T>): Promise<T> => {
    const images = await readImages(path('set'), { imageSize: 16, maxSkipped, stream })
    try {
      return await work(images)
    } finally {
      await images.dispose()
    }
  }
  const rows = ({ data, labels }: { data: Float32Array; labels: Int32Array }) => {
    const dim = data.length / labels.length
    return Array.from(labels, (label, i) => [label, ...data.subarray(i * dim, i * dim + 4)])
  }
  const closeTo = (a: number[][], b: number[][]) => {
    expect(a.length).to.equal(b.length)
    // The other images of a chunk change the last bits.
    for (const [i, row] of a.entries())
      for (const [j, value] of row.entries()) expect(value).to.be.closeTo(b[i]![j]!, 1e-4)
  }

  it('has the same names, features, labels and skipped files as one that is', async () => {
    const of = (stream: 'on' | 'off') =>
      reading(stream, async (images) => {
        const { data, indices } = await embedImages(encoder, { images, indices: sequence(images.count) })
        const names = Array.from(indices, (index) => images.nameOf(index))
        const features = rows(await encoderFeatures(encoder, images))
        expect(data.length).to.equal(13 * encoder.featureDim)
        const raw = rows(await rawFeatures(loadAddon(), images, 16))
        return { names, features, raw, skipped: images.skipped.map(({ name }) => name).sort() }
      })
    const kept = await of('off')
    const streamed = await of('on')
    expect(streamed.names).to.deep.equal(kept.names)
    expect(streamed.skipped).to.deep.equal(kept.skipped).and.deep.equal(['a/7.png', 'b/3.png', 'b/7.png'])
    closeTo(streamed.features, kept.features)
    closeTo(streamed.raw, kept.raw)
  })

  it('is evaluated without them', async () => {
    const available = process.availableMemory
    const options = { encoder: 'raw', data: path('set'), test: path('set'), maxSkipped, k: 1 }
    const kept = await evaluate(options)
    try {
      process.availableMemory = () => 100
      const streamed = await evaluate(options)
      // Where images are decoded when they are needed, not all are looked for.
      const shared = { ...kept.shared, of: 16, isComplete: false }
      expect(streamed).to.deep.equal({ ...kept, shared })
    } finally {
      process.availableMemory = available
    }
    expect(kept).to.include({ images: 13, testImages: 13, accuracy: 1 })
  })

  it('says so where every labelled one is unusable', async () => {
    const pixels = { data: new Uint8Array(256), width: 16, height: 16, channels: 1 } as const
    const data = { images: [Buffer.from('no image'), pixels, pixels], labels: [0, -1, -1] }
    const images = await readImages(data, { imageSize: 16, maxSkipped, stream: 'on' })
    const { message } = await rejection(encoderFeatures(encoder, images))
    expect(message).to.contain('Expected labelled images in the array of images but none is usable: 1 not an')
    await images.dispose()
  })

  it('simclr embed and simclr classify leave them out, and count them', async () => {
    const args = ['--encoder', path('run'), '--data', path('set'), '--max-skipped', '0.4', '--json']
    const usable = [0, 1, 2, 3, 4, 5, 6].map((i) => `a/${i}.png`)
    usable.push(...[0, 1, 2, 4, 5, 6].map((i) => `b/${i}.png`))
    const out = path('set.npy')
    const embedded = await simclr(['embed', ...args, '--out', out], little)
    expect(embedded.code, embedded.stderr).to.equal(0)
    expect(JSON.parse(embedded.stdout)).to.deep.include({ shape: [13, encoder.featureDim], skipped: 3 })
    expect(readFileSync(path('set.files.txt'), 'utf8').trimEnd().split('\n')).to.deep.equal(usable)
    expect(readFileSync(out).length).to.equal(128 + 13 * encoder.featureDim * 4)

    const classified = await simclr(['classify', ...args], little)
    expect(classified.code, classified.stderr).to.equal(0)
    const lines = classified.stdout.trimEnd().split('\n')
    const told = lines.map((line) => JSON.parse(line) as { type: string; name?: string })
    expect(told.filter(({ type }) => type === 'image').map(({ name }) => name)).to.deep.equal(usable)
    expect(told.at(-1)).to.deep.equal({ type: 'result', images: 13, skipped: 3 })
  })
})
