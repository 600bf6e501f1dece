/**
 * One image to 8-bit pixels: first frame, upright (EXIF), sRGB (CMYK and embedded profiles converted), 16 bits to 8,
 * grey kept as one channel, alpha dropped. By sharp; but ordinary JPEG files, which are most, natively: the same pixels
 * in a quarter to a third of the time, and nearly the same where they are shrunk.
 */
import { readFile, stat } from 'node:fs/promises'
import type { CreateRaw, Metadata, Sharp } from 'sharp'
import { SimclrError } from '../addon/errors.ts'
import type { Addon } from '../addon/interface.ts'
import { loadAddon } from '../addon/load.ts'
import { loadSharp } from '../io/sharp.ts'
import { plainInput, wrongInput } from './input.ts'
import { sniff } from './sniff.ts'
import { type ImageInput, type RawImage, UnusableImage } from './types.ts'

export interface DecodeOptions {
  /**
   * Larger images are shrunk until their shorter side has so many pixels, JPEG and WebP while they are being
   * decoded; null keeps every pixel.
   */
  shorterSide: number | null
  /** Images of more pixels are refused before they are decoded. */
  maxPixels: number
}

/** Of `maxPixels`. */
export const defaultMaxPixels = 100_000_000

/** Files of more bytes are refused unread. */
const maxFileBytes = 1 << 29
/** Pixels in a row or column that a native store takes (native/binding/image_store.cc). */
const maxSide = 2 ** 20

/** Throws {@link UnusableImage} for whatever cannot be made pixels. Errors: ERR_SIMCLR_BINARY where there is no sharp. */
export async function decodeImage(image: ImageInput, options: DecodeOptions): Promise<RawImage> {
  const decoded = await decodeAny(image, options)
  const { width, height } = decoded
  if (Math.max(width, height) > maxSide)
    throw new UnusableImage('too large', `${width}x${height}: more than ${maxSide} pixels on a side`)
  return decoded
}

async function decodeAny(image: ImageInput, options: DecodeOptions): Promise<RawImage> {
  const input = plainInput(image)
  const wrong = wrongInput(input, 'image')
  if (wrong !== null) throw new UnusableImage(typeof input === 'string' ? 'unreadable' : 'corrupt', wrong)
  if (typeof input === 'string') {
    const isNamedJpeg = /\.(jpe?g|jpe|jfif)$/i.test(input)
    const decoded = isNamedJpeg ? await decodeNatively(input, options) : null
    return decoded ?? decodeBytes(await readImageFile(input), options, !isNamedJpeg)
  }
  if (input instanceof Uint8Array) return decodeBytes(input, options, true)
  return shrinkRaw(input, options)
}

/** Null for what sharp should see: it also finds out what is wrong with a file. */
async function decodeNatively(
  input: string | Uint8Array,
  { maxPixels, shorterSide }: DecodeOptions,
): Promise<RawImage | null> {
  return (await addonWithJpeg()?.decodeJpeg(input, { maxPixels, shorterSide })) ?? null
}

/** Null for one without libjpeg-turbo and where none can be loaded: whoever needs the addon itself will say so. */
function addonWithJpeg(): Addon | null {
  if (decoder === undefined) {
    try {
      const addon = loadAddon()
      decoder = addon.buildInfo().jpeg === null ? null : addon
    } catch {
      decoder = null
    }
  }
  return decoder
}

let decoder: Addon | null | undefined

/** Reads a file that should be an image. Throws {@link UnusableImage}. */
export async function readImageFile(path: string): Promise<Uint8Array> {
  try {
    const about = await stat(path)
    if (!about.isFile()) throw new UnusableImage('not an image', 'not a regular file')
    if (about.size > maxFileBytes) throw new UnusableImage('too large', `${about.size} bytes`)
    return await readFile(path)
  } catch (error) {
    if (error instanceof UnusableImage) throw error
    const { code, message } = error as NodeJS.ErrnoException
    throw new UnusableImage(code === 'ENOENT' ? 'vanished' : 'unreadable', message, { cause: error })
  }
}

/** `tryNatively`: that has not been tried yet. */
async function decodeBytes(
  bytes: Uint8Array,
  options: DecodeOptions,
  tryNatively: boolean,
): Promise<RawImage> {
  if (bytes.length === 0) throw new UnusableImage('empty', '0 bytes')
  const kind = sniff(bytes)
  if (kind === null) throw new UnusableImage('not an image', 'no image format known here starts like this')
  if ('unsupported' in kind) throw new UnusableImage('unsupported format', kind.unsupported)
  const decoded = tryNatively && kind.format === 'jpeg' ? await decodeNatively(bytes, options) : null
  if (decoded !== null) return decoded
  try {
    const image = open(bytes, options)
    const isUnclear = kind.grey === null || (kind.alpha === null && options.shorterSide !== null)
    const about = isUnclear ? await image.metadata() : null
    const grey = kind.grey ?? /^(b-w|grey16)$/.test(about!.space ?? '')
    if (about !== null && grey) refuseOtherGrey(about)
    if (!(kind.alpha ?? about?.hasAlpha)) return await pixels(image, grey, options)
    // Shrinking weighs colours by alpha, which blackens those under full transparency: alpha goes first.
    return await shrinkRaw(await pixels(image, grey, { ...options, shorterSide: null }), options)
  } catch (error) {
    throw unusable(error, lacksEnd(bytes))
  }
}

function open(bytes: Uint8Array, options: DecodeOptions, raw?: CreateRaw): Sharp {
  return loadSharp()(bytes, {
    // Warnings do not spoil pixels: cameras and editors write many files that libjpeg grumbles about.
    failOn: 'error',
    limitInputPixels: options.maxPixels,
    sequentialRead: true,
    ...(raw ? { raw } : {}),
  })
}

async function pixels(image: Sharp, grey: boolean, { shorterSide }: DecodeOptions): Promise<RawImage> {
  let pipeline = image.autoOrient().removeAlpha()
  if (shorterSide !== null) {
    pipeline = pipeline.resize({
      width: shorterSide,
      height: shorterSide,
      fit: 'outside',
      withoutEnlargement: true,
      kernel: 'cubic', // Keys' with a = -0.5, as native/core/image/shrink.h has it
    })
  }
  const { data, info } = await pipeline
    .toColourspace(grey ? 'b-w' : 'srgb')
    .raw({ depth: 'uchar' })
    .toBuffer({ resolveWithObject: true })
  return { data, width: info.width, height: info.height, channels: info.channels as 1 | 3 }
}

/** Throws for grey values of which nobody knows which is white, and for more channels than one with alpha. */
function refuseOtherGrey({ depth, channels }: Metadata): void {
  const advice = 'Write it as one channel of 8 or 16 bits, or as RGB.'
  if (depth !== 'uchar' && depth !== 'ushort')
    throw new UnusableImage('unsupported format', `grey values of type ${depth}. ${advice}`)
  if ((channels ?? 1) > 2) throw new UnusableImage('unsupported format', `${channels} channels. ${advice}`)
}

/** The same pixels, of four channels the first three. */
export function withoutAlpha(image: RawImage): RawImage {
  if (image.channels !== 4) return image
  return { ...image, data: image.data.filter((_, i) => i % 4 !== 3), channels: 3 }
}

async function shrinkRaw(image: RawImage, options: DecodeOptions): Promise<RawImage> {
  const { width, height } = image
  if (width * height > options.maxPixels) throw new UnusableImage('too large', `${width}x${height} pixels`)
  if (options.shorterSide === null || Math.min(width, height) <= options.shorterSide) return image
  try {
    const { data, channels } = withoutAlpha(image)
    return await pixels(open(data, options, { width, height, channels }), channels === 1, options)
  } catch (error) {
    throw unusable(error)
  }
}

/** A JPEG without its end marker, a PNG without its last chunk. */
function lacksEnd(bytes: Uint8Array): boolean {
  const end = Buffer.from(bytes.subarray(-64))
  if (bytes[0] === 0xff && bytes[1] === 0xd8) return !end.includes(Buffer.from([0xff, 0xd9]))
  return bytes[0] === 0x89 && bytes[1] === 0x50 && !end.includes('IEND')
}

/**
 * What libvips said, as one of our reasons; what is no fault of the image is thrown on. It has no codes, so its words must
 * do; images that fail at the same time mix them up, so a file that is plainly `cut` is told by its bytes.
 */
function unusable(error: unknown, cut = false): UnusableImage {
  if (error instanceof SimclrError) throw error
  if (error instanceof UnusableImage) return error
  const message = error instanceof Error ? error.message : String(error)
  const detail = message.trim().split('\n').at(-1)!.trim()
  if (/exceeds pixel limit|dimension.*(limit|too)|too (large|many)/i.test(message)) {
    return new UnusableImage('too large', detail, { cause: error })
  }
  const words = /premature|truncat|unexpected end|end of (file|stream|data)|read error|out of data|bad seek/i
  return new UnusableImage(cut || words.test(message) ? 'truncated' : 'corrupt', detail, { cause: error })
}
