import { execFileSync } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { expect } from 'chai'
import sharp from 'sharp'
import type { JpegOptions, RawImage } from '../../lib/addon/interface.ts'
import { loadAddon } from '../../lib/addon/load.ts'
import { decodeImage } from '../../lib/data/decode.ts'
import { temporaryFolder } from '../support/folder.ts'
import { mutate } from './mutate.ts'
import { greyPicture, picture, write } from './pictures.ts'

const whole: JpegOptions = { maxPixels: 1e8, shorterSide: null }
const fixtures = fileURLToPath(new URL('../fixtures/jpeg/', import.meta.url))

const decodeJpeg = (input: string | Uint8Array, options = whole) => loadAddon().decodeJpeg(input, options)

/** The same without native decoding. */
async function bySharp(bytes: Uint8Array): Promise<RawImage> {
  const image = sharp(bytes, { failOn: 'error' }).autoOrient().removeAlpha()
  const { channels } = await sharp(bytes).metadata()
  const { data, info } = await image
    .toColourspace(channels === 1 ? 'b-w' : 'srgb')
    .raw({ depth: 'uchar' })
    .toBuffer({ resolveWithObject: true })
  return { data, width: info.width, height: info.height, channels: info.channels as 1 | 3 }
}

function expectSame(image: RawImage | null, due: RawImage, what: string): void {
  expect(image, what).not.to.equal(null)
  const { width, height, channels } = due
  expect(image, what).to.include({ width, height, channels })
  expect(Buffer.compare(Buffer.from(image!.data), Buffer.from(due.data)), what).to.equal(0)
}

/** A file of 8 x 8 grey pixels whose components come `scans` times, one scan each: valid, and as long as one likes. */
async function inScans(scans: number): Promise<Buffer> {
  const options = { chromaSubsampling: '4:4:4', optimiseCoding: false } as const
  const whole = await picture(8, 8).jpeg(options).toBuffer()
  // Standard Huffman tables: 00 is no change of the mean, 1010 the end of the block.
  const scan = (id: number) => [0xff, 0xda, 0, 8, 1, id, id === 1 ? 0 : 0x11, 0, 63, 0, 0b00101011]
  const end = Buffer.from(scan(2).map((byte, i) => (i === 10 ? 0b00001111 : byte)))
  const chroma = [end, Buffer.from(end.map((byte, i) => (i === 5 ? 3 : byte)))]
  const luma = Array.from({ length: scans - 2 }, () => Buffer.from(scan(1)))
  return Buffer.concat([
    whole.subarray(0, whole.indexOf(Buffer.from([0xff, 0xda]))),
    ...luma,
    ...chroma,
    Buffer.from([0xff, 0xd9]),
  ])
}

describe('native decoding of JPEG', () => {
  const folder = temporaryFolder()
  before(function () {
    if (loadAddon().buildInfo().jpeg === null) this.skip() // the addon was built without libjpeg-turbo
  })

  it('gives the bits that sharp gives: sizes, qualities, subsampling, grey, progressive', async () => {
    for (const [width, height] of [
      [1, 1],
      [2, 1],
      [1, 3],
      [7, 5],
      [8, 16],
      [17, 33],
      [3, 200],
      [200, 131],
    ] as const) {
      for (const quality of [40, 90, 100]) {
        for (const progressive of [false, true]) {
          for (const kind of ['4:4:4', '4:2:0', 'grey']) {
            const drawn = kind === 'grey' ? greyPicture(width, height) : picture(width, height)
            const chromaSubsampling = kind === 'grey' ? '4:4:4' : kind
            const bytes = await drawn.jpeg({ quality, progressive, chromaSubsampling }).toBuffer()
            const what = `${width}x${height} ${quality} ${kind} ${progressive ? 'progressive' : ''}`
            const due = await bySharp(bytes)
            expect(due.channels, what).to.equal(kind === 'grey' ? 1 : 3)
            expectSame(await decodeJpeg(bytes), due, what)
            expectSame(await decodeJpeg(write(folder('a.jpg'), bytes)), due, what)
          }
        }
      }
    }
  })

  it('does so for half horizontal resolution and for restart markers too', async () => {
    for (const name of ['422', '422-progressive', 'restart']) {
      const bytes = readFileSync(`${fixtures}${name}.jpg`)
      expectSame(await decodeJpeg(bytes), await bySharp(bytes), name)
    }
  })

  it('leaves to sharp what is out of the ordinary, and the result is right', async () => {
    const plain = picture(40, 30)
    const odd: Record<string, Buffer> = {
      CMYK: await plain.clone().toColourspace('cmyk').jpeg().toBuffer(),
      profile: await plain.clone().withIccProfile('p3').jpeg().toBuffer(),
      RGB: readFileSync(`${fixtures}rgb.jpg`),
    }
    for (const orientation of [2, 3, 4, 5, 6, 7, 8]) {
      odd[`orientation ${orientation}`] = await plain.clone().withMetadata({ orientation }).jpeg().toBuffer()
    }
    for (const [what, bytes] of Object.entries(odd)) {
      expect(await decodeJpeg(bytes), what).to.equal(null)
      const image = await decodeImage(bytes, { maxPixels: 1e8, shorterSide: null })
      expectSame(image, await bySharp(bytes), what)
    }
  })

  it('reads EXIF in both byte orders, and declines what it cannot read', async () => {
    const bytes = await picture(40, 30).jpeg().toBuffer()
    const tagged = (tiff: number[]) => {
      const segment = Buffer.concat([Buffer.from('Exif\0\0'), Buffer.from(tiff)])
      const head = Buffer.from([0xff, 0xe1, 0, segment.length + 2])
      return Buffer.concat([bytes.subarray(0, 2), head, segment, bytes.subarray(2)])
    }
    const intel = (orientation: number) => [
      ...[0x49, 0x49, 42, 0, 8, 0, 0, 0, 1, 0],
      ...[0x12, 1, 3, 0, 1, 0, 0, 0, orientation, 0, 0, 0],
    ]
    const motorola = (orientation: number) => [
      ...[0x4d, 0x4d, 0, 42, 0, 0, 0, 8, 0, 1],
      ...[1, 0x12, 0, 3, 0, 0, 0, 1, 0, orientation, 0, 0],
    ]
    for (const order of [intel, motorola]) {
      for (const orientation of [1, 3, 6]) {
        const file = tagged(order(orientation))
        const native = await decodeJpeg(file)
        if (orientation === 1) expectSame(native, await bySharp(file), `${order.name} 1`)
        else expect(native, `${order.name} ${orientation}`).to.equal(null)
        const image = await decodeImage(file, { maxPixels: 1e8, shorterSide: null })
        expect([image.width, image.height]).to.deep.equal(orientation === 6 ? [30, 40] : [40, 30])
      }
      for (const length of [1, 7, 9, 13, 21]) {
        const file = tagged(order(1).slice(0, length))
        expect(await decodeJpeg(file), `${length} bytes of EXIF`).to.equal(null)
      }
    }
    expect(await decodeJpeg(tagged(intel(9)))).to.equal(null)
  })

  it('declines what is no JPEG file', async () => {
    const png = await picture().png().toBuffer()
    for (const bytes of [png, Buffer.alloc(0), Buffer.from([0xff, 0xd8, 0xff]), Buffer.alloc(1000, 0xff)]) {
      expect(await decodeJpeg(bytes)).to.equal(null)
    }
    execFileSync('mkfifo', [folder('pipe.jpg')])
    for (const path of ['missing.jpg', '.', 'pipe.jpg']) expect(await decodeJpeg(folder(path))).to.equal(null)
  })

  it('declines large files by their header, before taking memory', async () => {
    const bytes = await picture(40, 30).jpeg().toBuffer()
    expect(await decodeJpeg(bytes, { maxPixels: 1200, shorterSide: null })).not.to.equal(null)
    for (const shorterSide of [null, 3])
      expect(await decodeJpeg(bytes, { maxPixels: 1199, shorterSide })).to.equal(null)
    const frame = bytes.indexOf(Buffer.from([0xff, 0xc0]))
    bytes.writeUInt16BE(60000, frame + 5)
    bytes.writeUInt16BE(60000, frame + 7)
    const before = process.memoryUsage().rss
    expect(await decodeJpeg(bytes)).to.equal(null)
    expect(process.memoryUsage().rss - before).to.be.below(50e6)
  })

  it('declines files of very many scans', async () => {
    const few = await inScans(20)
    expectSame(await decodeJpeg(few), await bySharp(few), 'twenty scans')
    expect(await decodeJpeg(await inScans(70))).to.equal(null)
  })

  it('takes a damaged file for whole only where its pixels are what sharp makes of them', async () => {
    const originals = [
      await picture(48, 36, 1).jpeg().toBuffer(),
      await picture(48, 36, 2).jpeg({ progressive: true, chromaSubsampling: '4:4:4' }).toBuffer(),
      await greyPicture(48, 36).jpeg({ optimiseCoding: false }).toBuffer(),
      readFileSync(`${fixtures}422.jpg`),
    ]
    let declined = 0
    for (let seed = 1; seed <= 600; seed += 1) {
      const bytes = mutate(originals[seed % originals.length]!, seed)
      const image = await decodeJpeg(bytes, { maxPixels: 1e6, shorterSide: seed % 3 === 0 ? 9 : null })
      if (image === null) declined += 1
      else if (seed % 3 !== 0) expectSame(image, await bySharp(bytes), `seed ${seed}`)
      else expect(await decodeJpeg(bytes), `seed ${seed}`).not.to.equal(null)
    }
    expect(declined).to.be.within(300, 595)
  })

  it('declines a file that ends anywhere before its end, at whichever size it is decoded', async () => {
    for (const [progressive, shorterSide] of [
      [false, null],
      [true, null],
      [false, 4],
      [true, 9],
    ] as const) {
      const bytes = await picture(48, 36).jpeg({ progressive }).toBuffer()
      for (let length = 0; length < bytes.length; length += 7) {
        const cut = bytes.subarray(0, length)
        expect(await decodeJpeg(cut, { ...whole, shorterSide }), `${length} bytes`).to.equal(null)
      }
    }
  })

  describe('of images larger than asked for', () => {
    const shrunk = async (bytes: Uint8Array, shorterSide: number) =>
      (await decodeJpeg(bytes, { ...whole, shorterSide }))!

    it('makes one pixel of the means of 2, 4 and 8 where that is the size, in grey', async () => {
      const bytes = await picture(192, 128).toColourspace('b-w').jpeg({ quality: 100 }).toBuffer()
      const { data, width } = (await decodeJpeg(bytes))!
      for (const by of [2, 4, 8]) {
        const image = await shrunk(bytes, 128 / by)
        expect(image).to.include({ width: 192 / by, height: 128 / by, channels: 1 })
        let sum = 0
        for (let y = 0, i = 0; y < image.height; y++) {
          for (let x = 0; x < image.width; x++, i++) {
            let mean = 0
            for (let k = 0; k < by * by; k++)
              mean += data[(y * by + Math.floor(k / by)) * width + x * by + (k % by)]! / by ** 2
            sum += Math.abs(image.data[i]! - mean)
            // A block's constant coefficient is its mean; of others the low ones stay whole.
            if (by === 8) expect(image.data[i]!).to.be.closeTo(mean, 1)
          }
        }
        expect(sum / image.data.length, `1/${by}`).to.be.below(0.6)
      }
    })

    it('resamples what is less than twice as large, as torch and Pillow do', async () => {
      const bytes = await picture(150, 110, 3).jpeg({ chromaSubsampling: '4:4:4' }).toBuffer()
      const { data, width, height, channels } = (await decodeJpeg(bytes))!
      const image = await shrunk(bytes, 64)
      expect(image).to.include({ width: 87, height: 64, channels: 3 })
      const box = { left: 0, top: 0, width, height, out_w: 87, out_h: 64, antialias: true }
      const levels = { data: Uint8Array.from(data), width, height, channels }
      const due = loadAddon().augmentOperator('torch.resized_crop_bicubic', levels, box).data
      // Which axis goes first moves a level, next to an edge two.
      const apart = Array.from(due, (value, i) => Math.abs(value - image.data[i]!))
      expect(Math.max(...apart)).to.be.at.most(2)
      expect(apart.reduce((a, b) => a + b) / apart.length).to.be.below(0.2)
    })

    it('is close to what sharp makes of them, at any size, and of the same size to a pixel', async () => {
      for (const [width, height] of [
        [500, 375],
        [301, 777],
        [1600, 1200],
      ] as const) {
        for (const [kind, channels] of [
          ['4:2:0', 3],
          ['4:4:4', 3],
          ['grey', 1],
        ] as const) {
          const drawn = kind === 'grey' ? picture(width, height).toColourspace('b-w') : picture(width, height)
          const options = kind === 'grey' ? {} : { chromaSubsampling: kind }
          const bytes = await drawn.jpeg({ progressive: width === 301, ...options }).toBuffer()
          for (const side of [299, 200, 150, 128, 90, 64]) {
            const what = `${width}x${height} ${kind} at ${side}`
            const image = await shrunk(bytes, side)
            expect(Math.min(image.width, image.height), what).to.equal(side)
            expect(image.channels, what).to.equal(channels)
            const longer = (Math.max(width, height) * side) / Math.min(width, height)
            expect(Math.max(image.width, image.height), what).to.equal(Math.round(longer))
            const size = { width: image.width, height: image.height, fit: 'fill', kernel: 'cubic' } as const
            const grey = channels === 1 ? 'b-w' : 'srgb'
            const due = await sharp(bytes).resize(size).toColourspace(grey).raw().toBuffer()
            expect(due.length, what).to.equal(image.data.length)
            const apart = due.reduce((sum, value, i) => sum + Math.abs(value - image.data[i]!), 0)
            expect(apart / due.length, what).to.be.below(1)
          }
        }
      }
    })

    it('leaves smaller ones as they are', async () => {
      const bytes = await picture(40, 30).jpeg().toBuffer()
      for (const side of [30, 31, 1000])
        expectSame(await shrunk(bytes, side), await bySharp(bytes), `${side}`)
      expect(await shrunk(bytes, 29)).to.include({ width: 39, height: 29 })
      expect(await shrunk(bytes, 1)).to.include({ width: 1, height: 1 })
    })
  })

  it('decodes many at once', async () => {
    const files = await Promise.all([1, 2, 3, 4].map((seed) => picture(150, 100, seed).jpeg().toBuffer()))
    const due = await Promise.all(files.map(bySharp))
    const images = await Promise.all(Array.from({ length: 64 }, (_, i) => decodeJpeg(files[i % 4]!)))
    for (const [i, image] of images.entries()) expectSame(image, due[i % 4]!, `image ${i}`)
  })

  it('hands its pixels to an image store', async () => {
    const bytes = await picture(200, 150).jpeg().toBuffer()
    const due = await bySharp(bytes)
    const store = new (loadAddon().ImageStore)(2)
    const [taken, looked] = [(await decodeJpeg(bytes))!, (await decodeJpeg(bytes))!]
    expect(looked.data).to.equal(looked.data)
    looked.data[0]! ^= 255
    store.set(0, taken)
    store.set(1, looked)
    expect(store.bytes).to.equal(2 * 200 * 150 * 3)
    expectSame(store.get(0), due, 'taken')
    expect(store.get(1).data[0]).to.equal(due.data[0]! ^ 255)
    expect(() => taken.data).to.throw('in an image store now')
    expect(() => store.set(0, taken)).to.throw('in an image store now')
    store.dispose()
  })

  it('has a fixture for each kind that sharp does not write', () => {
    expect(readdirSync(fixtures).sort()).to.deep.equal(
      ['422-progressive.jpg', '422.jpg', 'restart.jpg', 'rgb.jpg'].sort(),
    )
  })
})
