import { pathToFileURL } from 'node:url'
import { expect } from 'chai'
import sharp from 'sharp'
import { type DecodeOptions, decodeImage } from '../../lib/data/decode.ts'
import { type ImageInput, type SkipReason, UnusableImage } from '../../lib/data/types.ts'
import { temporaryFolder } from '../support/folder.ts'
import { rejection } from '../support/rejection.ts'
import { bmp, file, formats, greyPicture, picture, plainPixels, write } from './pictures.ts'

const raw = { data: new Uint8Array(12), width: 2, height: 2, channels: 3 as const }

const whole: DecodeOptions = { shorterSide: null, maxPixels: 1e8 }

async function refusal(input: ImageInput, options = whole): Promise<SkipReason> {
  const error = await rejection(decodeImage(input, options))
  expect(error).to.be.instanceOf(UnusableImage)
  return (error as UnusableImage).reason
}

describe('decoding', () => {
  const folder = temporaryFolder()

  for (const format of formats) {
    it(`gives sharp's own pixels of ${format}, from bytes and from a file`, async () => {
      const bytes = await file(format)
      const image = await decodeImage(bytes, whole)
      expect(image).to.include({ width: 40, height: 30, channels: 3 })
      expect(Buffer.compare(Buffer.from(image.data), await plainPixels(bytes))).to.equal(0)
      const again = await decodeImage(write(folder(`a.${format}`), bytes), whole)
      expect(Buffer.compare(Buffer.from(again.data), Buffer.from(image.data))).to.equal(0)
    })
  }

  it('takes BigTIFF, in either byte order', async () => {
    const bytes = await picture().tiff({ bigtiff: true, compression: 'none' }).toBuffer()
    expect(bytes.subarray(0, 4)).to.deep.equal(Buffer.from('II\x2b\0'))
    const image = await decodeImage(bytes, whole)
    expect(image).to.include({ width: 40, height: 30, channels: 3 })
    expect(Buffer.compare(Buffer.from(image.data), await picture().raw().toBuffer())).to.equal(0)
    // Of the other order nothing here writes one: that it reaches the decoder shows.
    expect(await refusal(Buffer.from('MM\0\x2b\0\x08\0\0'))).to.be.oneOf(['corrupt', 'truncated'])
  })

  it('takes the first frame of an animation', async () => {
    const frames = Buffer.concat(
      await Promise.all([1, 2, 3].map((seed) => picture(16, 16, seed).raw().toBuffer())),
    )
    const raw = { width: 16, height: 48, channels: 3, pageHeight: 16 } as const
    const image = await decodeImage(await sharp(frames, { raw }).gif().toBuffer(), whole)
    const first = await decodeImage(await picture(16, 16, 1).gif().toBuffer(), whole)
    expect(image).to.include({ width: 16, height: 16 })
    expect(Math.abs(image.data[300]! - first.data[300]!)).to.be.below(16)
  })

  it('turns pictures upright, whichever of the eight ways they were taken', async () => {
    const [red, green, blue, white] = [
      [255, 0, 0],
      [0, 255, 0],
      [0, 0, 255],
      [255, 255, 255],
    ]
    const corners = Buffer.from(
      [red, red, green, green, red, red, green, green, blue, blue, white, white].flat().map(Number),
    )
    // What the corners become, clockwise from the top left: EXIF's table.
    const due = [
      [red, green, white, blue],
      [green, red, blue, white],
      [white, blue, red, green],
      [blue, white, green, red],
      [red, blue, white, green],
      [blue, red, green, white],
      [white, green, red, blue],
      [green, white, blue, red],
    ]
    for (const [i, expected] of due.entries()) {
      const upscaled = sharp(corners, { raw: { width: 4, height: 3, channels: 3 } }).resize(64, 48, {
        kernel: 'nearest',
        fit: 'fill',
      })
      const bytes = await upscaled
        .withMetadata({ orientation: i + 1 })
        .png()
        .toBuffer()
      const { data, width, height } = await decodeImage(bytes, whole)
      expect([width, height], `orientation ${i + 1}`).to.deep.equal(i < 4 ? [64, 48] : [48, 64])
      const at = (x: number, y: number) => [...data.subarray((y * width + x) * 3, (y * width + x) * 3 + 3)]
      const seen = [at(1, 1), at(width - 2, 1), at(width - 2, height - 2), at(1, height - 2)]
      expect(seen, `orientation ${i + 1}`).to.deep.equal(expected)
    }
  })

  it('keeps grey as one channel in JPEG, PNG and TIFF, with and without alpha', async () => {
    const plain = await greyPicture().raw().toBuffer()
    for (const format of ['jpeg', 'png', 'tiff'] as const) {
      const lossless =
        format === 'tiff' ? greyPicture().tiff({ compression: 'lzw' }) : greyPicture().toFormat(format)
      const image = await decodeImage(await lossless.toBuffer(), whole)
      expect(image, format).to.include({ width: 40, height: 30, channels: 1 })
      if (format !== 'jpeg') expect(Buffer.compare(Buffer.from(image.data), plain), format).to.equal(0)
    }
    const alpha = await greyPicture()
      .joinChannel(plain, { raw: { width: 40, height: 30, channels: 1 } })
      .png()
      .toBuffer()
    const image = await decodeImage(alpha, whole)
    expect(image.channels).to.equal(1)
    expect(Buffer.compare(Buffer.from(image.data), plain)).to.equal(0)
  })

  it('drops alpha and leaves the colours under it', async () => {
    const rgba = Buffer.from([10, 20, 30, 0, 40, 50, 60, 128, 70, 80, 90, 255, 1, 2, 3, 4])
    const bytes = await sharp(rgba, { raw: { width: 2, height: 2, channels: 4 } })
      .png()
      .toBuffer()
    const { data, channels } = await decodeImage(bytes, whole)
    expect(channels).to.equal(3)
    expect([...data]).to.deep.equal([10, 20, 30, 40, 50, 60, 70, 80, 90, 1, 2, 3])
  })

  it('makes 8 bits of 16, in colour and grey', async () => {
    const plain = await picture().raw().toBuffer()
    const colour = await decodeImage(await picture().toColourspace('rgb16').png().toBuffer(), whole)
    expect(colour.channels).to.equal(3)
    expect(Buffer.compare(Buffer.from(colour.data), plain)).to.equal(0)
    const values = Uint16Array.from({ length: 16 }, (_, i) => i * 4096)
    const raw = { width: 4, height: 4, channels: 1 } as const
    const grey = await decodeImage(
      await sharp(values, { raw }).toColourspace('grey16').png().toBuffer(),
      whole,
    )
    expect(grey.channels).to.equal(1)
    for (const [i, value] of grey.data.entries()) expect(Math.abs(value - values[i]! / 256)).to.be.at.most(1)
  })

  it('makes sRGB of CMYK', async () => {
    const brown = sharp({
      create: { width: 16, height: 16, channels: 3, background: { r: 150, g: 100, b: 80 } },
    })
    for (const format of ['jpeg', 'tiff'] as const) {
      const bytes = await brown.clone().toColourspace('cmyk').toFormat(format).toBuffer()
      expect((await sharp(bytes).metadata()).space).to.equal('cmyk')
      const { data, channels } = await decodeImage(bytes, whole)
      expect(channels).to.equal(3)
      for (const [i, due] of [150, 100, 80].entries()) expect(data[i]!, format).to.be.closeTo(due, 12)
    }
  })

  it('shrinks to the shorter side, never enlarges, and shrinks raw pixels too', async () => {
    const options = { shorterSide: 64, maxPixels: 1e8 }
    for (const format of formats) {
      const image = await decodeImage(await file(format, 400, 300), options)
      expect([image.width, image.height], format).to.deep.equal([85, 64])
    }
    const turned = await picture(400, 300).withMetadata({ orientation: 6 }).jpeg().toBuffer()
    expect(await decodeImage(turned, options)).to.include({ width: 64, height: 85 })
    expect(await decodeImage(await file('png', 40, 300), options)).to.include({ width: 40, height: 300 })
    const data = await picture(400, 300).raw().toBuffer()
    const raw = await decodeImage({ data, width: 400, height: 300, channels: 3 }, options)
    expect(raw).to.include({ width: 85, height: 64, channels: 3 })
    const grey = { data: new Uint8Array(300 * 200).fill(9), width: 300, height: 200, channels: 1 as const }
    const small = await decodeImage(grey, options)
    expect(small).to.include({ width: 96, height: 64, channels: 1 })
    expect(new Set(small.data)).to.deep.equal(new Set([9]))
  })

  it('says why a file cannot be used', async () => {
    expect(await refusal(new Uint8Array())).to.equal('empty')
    expect(await refusal(Buffer.from('Dear sirs, please find the photo attached.'))).to.equal('not an image')
    expect(
      await refusal(Buffer.from('<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"/>')),
    ).to.equal('not an image')
    expect(await refusal(new Uint8Array(5000))).to.equal('not an image')
    expect(await refusal(bmp())).to.equal('unsupported format')
    expect(await refusal(Buffer.from('BMW/1.jpg, BMW/2.jpg and BMW/3.jpg'))).to.equal('not an image')
    expect(await refusal(Buffer.from('BM'))).to.equal('not an image')
    expect(await refusal(folder('never-there.jpg'))).to.equal('vanished')
    expect(await refusal(folder())).to.equal('not an image')
    expect(await refusal(write(folder('empty.png'), ''))).to.equal('empty')
  })

  for (const format of formats) {
    it(`refuses ${format} cut in the middle and in its head`, async () => {
      const bytes = await file(format, 200, 150)
      expect(await refusal(bytes.subarray(0, bytes.length / 2))).to.be.oneOf(['truncated', 'corrupt'])
      expect(await refusal(bytes.subarray(0, 30))).to.be.oneOf(['truncated', 'corrupt'])
    })
  }

  it('names a JPEG that ends early truncated', async () => {
    const bytes = await file('jpeg', 200, 150)
    expect(await refusal(bytes.subarray(0, bytes.length - 100))).to.equal('truncated')
  })

  it('refuses what would decode to more pixels than allowed, before decoding it', async () => {
    const bomb = await sharp({ create: { width: 8000, height: 8000, channels: 3, background: 'red' } })
      .png()
      .toBuffer()
    expect(bomb.length).to.be.below(2e6)
    const before = process.memoryUsage().rss
    expect(await refusal(bomb, { shorterSide: 64, maxPixels: 50e6 })).to.equal('too large')
    expect(process.memoryUsage().rss - before).to.be.below(100e6)
    expect(await refusal(await file('jpeg', 40, 30), { shorterSide: null, maxPixels: 1199 })).to.equal(
      'too large',
    )
    const raw = { data: new Uint8Array(1200), width: 40, height: 30, channels: 1 as const }
    expect(await refusal(raw, { shorterSide: null, maxPixels: 1199 })).to.equal('too large')
  })

  it('takes file: URLs, ArrayBuffers and pixels of a canvas', async () => {
    const bytes = await file('png')
    const { data } = await decodeImage(bytes, whole)
    const path = write(folder('a image.png'), bytes)
    for (const input of [pathToFileURL(path), new Uint8Array(bytes).buffer]) {
      expect(Buffer.compare((await decodeImage(input, whole)).data, data)).to.equal(0)
    }
    const rgba = new Uint8ClampedArray([1, 2, 3, 255, 4, 5, 6, 255])
    const canvas = await decodeImage({ data: rgba, width: 2, height: 1 }, whole)
    expect(canvas).to.deep.equal({ data: new Uint8Array(rgba), width: 2, height: 1, channels: 4 })
    const rgb = { data: new Uint8ClampedArray(6), width: 2, height: 1, channels: 3 as const }
    expect((await decodeImage(rgb, whole)).channels).to.equal(3)
  })

  it('says what may be given and what came where an input is no image', async () => {
    const cases: [unknown, RegExp][] = [
      [undefined, /Expected a path, .* raw pixels .* for `image` but received undefined\./],
      [5, /but received 5\./],
      ['https://a.example/b.jpg', /received 'https:.*not fetched/],
      [new URL('https://a.example/b.jpg'), /received 'https:.*not fetched/],
      [new URL('file://elsewhere/b.jpg'), /names no file of this machine/],
      [new Blob(['x']), /received Blob.*arrayBuffer/],
      [Promise.resolve('a.jpg'), /Await it/],
      [{ ...raw, channels: 2 }, /Expected 1, 3 or 4 for `image\.channels` but received 2\./],
      [{ ...raw, width: Number.NaN }, /`image\.width` but received NaN\./],
      [{ ...raw, height: '2' }, /`image\.height` but received '2'\./],
      [{ ...raw, data: new Float32Array(12) }, /`image\.data` but received Float32Array\(12\)/],
      [{ ...raw, data: new Uint8Array(11) }, /2 x 2 x 3 = 12 bytes for `image\.data` but received 11\./],
    ]
    for (const [input, message] of cases) {
      const error = await rejection(decodeImage(input as ImageInput, whole))
      expect(error).to.be.instanceOf(UnusableImage)
      expect(error.message).to.match(message)
    }
  })

  it('refuses raw pixels that are not what they say', async () => {
    const data = new Uint8Array(12)
    expect(await refusal({ data, width: 2, height: 2, channels: 1 })).to.equal('corrupt')
    expect(await refusal({ data, width: 2.5, height: 2, channels: 3 })).to.equal('corrupt')
    expect(await refusal({ data: [] as unknown as Uint8Array, width: 2, height: 2, channels: 3 })).to.equal(
      'corrupt',
    )
    expect(await refusal(null as unknown as ImageInput)).to.equal('corrupt')
  })
})
