import { expect } from 'chai'
import sharp from 'sharp'
import { decodeImage } from '../../lib/data/decode.ts'
import { readImages } from '../../lib/data/images.ts'
import { open } from '../../lib/data/open.ts'
import { pack } from '../../lib/data/pack.ts'
import type { RawImage } from '../../lib/data/types.ts'
import { UnusableImage } from '../../lib/data/types.ts'
import { Encoder } from '../../lib/encoder.ts'
import { temporaryFolder } from '../support/folder.ts'
import { rejection } from '../support/rejection.ts'
import { write } from './pictures.ts'
import { tiff } from './tiff.ts'

const [width, height] = [24, 20]
const whole = { shorterSide: null, maxPixels: 1e8 }
const imageSize = 8
/** Half of `height`, so that images are shrunk. */
const side = 16

/** Bytes of `channels` interleaved channels, smooth enough to be shrunk and different in each. */
const ramp = (channels: number) =>
  Uint8Array.from({ length: width * height * channels }, (_, i) => {
    const pixel = Math.floor(i / channels)
    return (3 * (pixel % width) + 5 * Math.floor(pixel / width) + 40 * (i % channels)) % 256
  })
const image = (channels: 1 | 2 | 3 | 4, data: Uint8Array | Uint16Array = ramp(channels)) =>
  sharp(data, { raw: { width, height, channels } })
const grey = (channels: 1 | 2 = 1) => image(channels).toColourspace('b-w')
const wide = (levels: Uint8Array) => Uint16Array.from(levels, (level) => level * 257)
/** Every `of`-th value from the first `keep` of them on. */
const some = (data: Uint8Array, keep: number, of: number) => data.filter((_, i) => i % of < keep)
const transparent = (channels: 2 | 4) => ramp(channels).map((v, i) => ((i + 1) % channels === 0 ? 0 : v))

/** A JPEG file with EXIF's orientation 6: turned clockwise to be seen. */
function onItsSide(jpeg: Buffer): Buffer {
  const tiff = [0x49, 0x49, 42, 0, 8, 0, 0, 0, 1, 0, 0x12, 1, 3, 0, 1, 0, 0, 0, 6, 0, 0, 0, 0, 0, 0, 0]
  const segment = Buffer.concat([Buffer.from('Exif\0\0'), Buffer.from(tiff)])
  const head = Buffer.from([0xff, 0xe1, 0, segment.length + 2])
  return Buffer.concat([jpeg.subarray(0, 2), head, segment, jpeg.subarray(2)])
}

/** Four colours, of which two are transparent. */
const halfTransparent = Uint8Array.from({ length: width * height * 4 }, (_, i) => {
  const quarter = 2 * Number(i % (4 * width) >= 2 * width) + Number(i >= 2 * width * height)
  return i % 4 === 3 ? 255 * (quarter % 2) : 60 * quarter + 10 * (i % 4)
})

interface Kind {
  name: string
  make: () => Promise<Buffer> | Buffer
  channels: 1 | 3
  /** What decoding whole must give, to within `within` levels; left out where a format changes pixels. */
  due?: Uint8Array
  within?: number
}

const kinds: Record<string, Kind> = {
  'grey JPEG': { name: 'a.jpg', make: () => grey().jpeg().toBuffer(), channels: 1 },
  'grey JPEG on its side': {
    name: 'b.jpg',
    make: async () => onItsSide(await grey().jpeg().toBuffer()),
    channels: 1,
  },
  'CMYK JPEG': { name: 'c.jpg', make: () => image(3).toColourspace('cmyk').jpeg().toBuffer(), channels: 3 },
  'grey PNG': { name: 'd.png', make: () => grey().png().toBuffer(), channels: 1, due: ramp(1) },
  'grey PNG of 16 bits': {
    name: 'e.png',
    make: () =>
      image(1, wide(ramp(1)))
        .toColourspace('grey16')
        .png()
        .toBuffer(),
    channels: 1,
    due: ramp(1),
    within: 1,
  },
  'RGB PNG of 16 bits': {
    name: 'f.png',
    make: () =>
      image(3, wide(ramp(3)))
        .toColourspace('rgb16')
        .png()
        .toBuffer(),
    channels: 3,
    due: ramp(3),
    within: 1,
  },
  'grey PNG with alpha': {
    name: 'g.png',
    make: () => image(2, transparent(2)).toColourspace('b-w').png().toBuffer(),
    channels: 1,
    due: some(ramp(2), 1, 2),
  },
  'RGB PNG with alpha': {
    name: 'h.png',
    make: () => image(4, transparent(4)).png().toBuffer(),
    channels: 3,
    due: some(ramp(4), 3, 4),
  },
  'RGB WebP with alpha': {
    name: 'i.webp',
    make: () => image(4, transparent(4)).webp({ lossless: true, exact: true }).toBuffer(),
    channels: 3,
    due: some(ramp(4), 3, 4),
  },
  'PNG whose palette has transparency': {
    name: 'iz.png',
    make: () => image(4, halfTransparent).png({ palette: true, dither: 0 }).toBuffer(),
    channels: 3,
  },
  'PNG with a palette': {
    name: 'j.png',
    make: () => image(3).png({ palette: true, dither: 0 }).toBuffer(),
    channels: 3,
  },
  'grey TIFF': {
    name: 'k.tif',
    make: () => tiff(width, height, ramp(1)),
    channels: 1,
    due: ramp(1),
  },
  'grey TIFF of 16 bits': {
    name: 'l.tif',
    make: () => tiff(width, height, wide(ramp(1))),
    channels: 1,
    due: ramp(1),
    within: 1,
  },
  'grey TIFF whose 0 is white': {
    name: 'm.tif',
    make: () => tiff(width, height, ramp(1), { photometric: 0 }),
    channels: 1,
    due: ramp(1).map((level) => 255 - level),
  },
  'RGB TIFF of 16 bits': {
    name: 'n.tif',
    make: () => tiff(width, height, wide(ramp(3)), { samples: 3, photometric: 2 }),
    channels: 3,
    due: ramp(3),
    within: 1,
  },
}

function expectNear(a: Uint8Array, b: Uint8Array, within: number, what: string): void {
  expect(a.length, what).to.equal(b.length)
  for (const [i, value] of a.entries()) expect(Math.abs(value - b[i]!), `${what} ${i}`).to.be.at.most(within)
}

describe('one file is the same pixels', function () {
  this.timeout(120_000)
  const folder = temporaryFolder()
  const files = new Map<string, Buffer>()
  before(async () => {
    for (const [kind, { name, make }] of Object.entries(kinds)) {
      files.set(kind, await make())
      write(folder(`set/${name}`), files.get(kind)!)
    }
  })

  for (const [kind, { name, channels, due, within = 0 }] of Object.entries(kinds)) {
    it(`${kind}: from bytes and from a file, and the ones that are in it`, async () => {
      const made = await decodeImage(files.get(kind)!, whole)
      const turned = kind.endsWith('on its side')
      const sides = turned ? { width: height, height: width } : { width, height }
      expect(made).to.include({ ...sides, channels })
      expect(await decodeImage(folder(`set/${name}`), whole)).to.deep.equal(made)
      if (due !== undefined) expectNear(made.data, due, within, kind)
    })

    it(`${kind}: shrunk, what shrinking its pixels gives`, async () => {
      const made = await decodeImage(files.get(kind)!, { ...whole, shorterSide: side })
      const pixels = await decodeImage(files.get(kind)!, whole)
      const due = await decodeImage(pixels, { ...whole, shorterSide: side })
      expect(Math.min(made.width, made.height)).to.equal(side)
      expect(made).to.include({ width: due.width, height: due.height, channels })
      expectNear(made.data, due.data, 2, kind) // shrunk while or after it is made 8 bits, sRGB, or decoded
    })
  }

  it('in training, streamed, packed and embedded', async () => {
    const all = async (data: string, stream: 'off' | 'on' = 'off'): Promise<RawImage[]> => {
      const images = await readImages(data, { imageSize, stream })
      const indices = Uint32Array.from({ length: images.count }, (_, i) => i)
      await images.hold(indices)
      const pixels = Array.from(indices, (i) => images.store.get(i))
      await images.dispose()
      return pixels
    }
    const trained = await all(folder('set'))
    expect(trained).to.have.length(Object.keys(kinds).length)
    for (const [i, bytes] of [...files.values()].entries()) {
      const { data, width, height, channels } = await decodeImage(bytes, {
        ...whole,
        shorterSide: 2 * imageSize,
      })
      expect(trained[i]).to.deep.include({ width, height, channels })
      expect([...trained[i]!.data]).to.deep.equal([...data])
    }
    expect(await all(folder('set'), 'on')).to.deep.equal(trained)
    for (const keep of ['pixels', 'files'] as const) {
      const set = await open(folder('set'), { shorterSide: 2 * imageSize })
      await pack(set, folder(`${keep}.pack`), { keep })
      expect(await all(folder(`${keep}.pack`)), keep).to.deep.equal(trained)
    }
    const spec = { arch: 'resnet18', width: 0.125, stem: 'cifar' } as const
    using encoder = await Encoder.random(spec, { imageSize }, { threads: 1 })
    const paths = Object.values(kinds).map(({ name }) => folder(`set/${name}`))
    const images = await readImages(folder('set'), { imageSize })
    const stored = await encoder.embedStore(
      images.store,
      Uint32Array.from(paths, (_, i) => i),
    )
    await images.dispose()
    for (const inputs of [paths, [...files.values()]])
      expect((await encoder.embed(inputs)).data).to.deep.equal(stored)
  })

  it('colours under full transparency stay where raw pixels are shrunk, too', async () => {
    const raw = { data: transparent(4), width, height, channels: 4 } as const
    const opaque = { data: some(ramp(4), 3, 4), width, height, channels: 3 } as const
    const options = { ...whole, shorterSide: side }
    expect(await decodeImage(raw, options)).to.deep.equal(await decodeImage(opaque, options))
    const flat = transparent(4).map((value, i) => (i % 4 === 3 ? value : 77))
    const shrunk = await decodeImage(await image(4, flat).png().toBuffer(), options)
    expect(new Set(shrunk.data)).to.deep.equal(new Set([77]))
  })
})

describe('grey values that nobody can read', () => {
  const values = (Type: { from(values: Iterable<number>): NodeJS.TypedArray }, samples = 1) =>
    Type.from(ramp(samples))
  const odd: Record<string, [Buffer, RegExp]> = {
    'floating point': [tiff(width, height, values(Float32Array)), /type float\. Write it as one channel/],
    '32 bits': [tiff(width, height, values(Uint32Array)), /type uint\./],
    'signed 8 bits': [tiff(width, height, values(Int8Array)), /type char\./],
    'signed 16 bits': [tiff(width, height, values(Int16Array)), /type short\./],
    'five channels': [tiff(width, height, values(Uint8Array, 5), { samples: 5 }), /^5 channels\. .*RGB\.$/],
    'three channels of 16 bits': [
      tiff(width, height, values(Uint16Array, 3), { samples: 3 }),
      /^3 channels\./,
    ],
  }
  for (const [what, [bytes, message]] of Object.entries(odd)) {
    it(`are told: ${what}`, async () => {
      for (const shorterSide of [null, side]) {
        const error = await rejection(decodeImage(bytes, { ...whole, shorterSide }))
        expect(error).to.be.instanceOf(UnusableImage).with.property('reason', 'unsupported format')
        expect(error.message).to.match(message)
      }
    })
  }
})
