/** What may be given as an image, and what is said about anything else. */
import { fileURLToPath } from 'node:url'
import { isPromise } from 'node:util/types'
import { SimclrError } from '../addon/errors.ts'
import { expected, invalid } from '../config/messages.ts'
import type { ImageInput, RawImage } from './types.ts'

/** The three forms that the others are brought to. */
export type PlainInput = Uint8Array | string | RawImage

const forms =
  'a path, a file: URL, the bytes of an image file (Uint8Array, ArrayBuffer) or raw pixels {data, width, height, channels}'

/** An input in its plain form, nothing copied; what is none stays what it is, for `wrongInput` to tell. */
export function plainInput(input: ImageInput): PlainInput {
  if (input instanceof URL) return fileOf(input) ?? (input as never)
  if (input instanceof ArrayBuffer) return new Uint8Array(input)
  if (isPixels(input) && input.data instanceof Uint8ClampedArray) {
    const { data, width, height, channels = 4 } = input
    return {
      data: new Uint8Array(data.buffer, data.byteOffset, data.byteLength),
      ...{ width, height, channels },
    }
  }
  return input as PlainInput
}

/** A sentence about a plain input, called `name`, that cannot be an image whatever it holds; null for any other. */
export function wrongInput(input: unknown, name: string): string | null {
  if (typeof input === 'string') {
    if (input === '') return expected(forms, name, input, 'The path is empty.')
    return isAddress(input) ? expected(forms, name, input, aboutAddress(input)) : null
  }
  if (input instanceof Uint8Array) return null
  if (isPixels(input)) return wrongPixels(input as unknown as RawImage, name)
  return expected(forms, name, input instanceof URL ? input.href : input, aboutOther(input))
}

/** `https://…` and its like, which as a path would only be a file that is not there. */
export function isAddress(text: string): boolean {
  return /^[a-z][a-z0-9+.-]*:\/\//i.test(text) || isDataUrl(text)
}

/** An address that is the image itself, and no name for people. */
export function isDataUrl(address: string | URL): boolean {
  return /^data:/i.test(String(address).slice(0, 5))
}

/** The path of a file: URL; null where it names no file of this machine. */
export function fileOf(url: URL): string | null {
  try {
    return fileURLToPath(url)
  } catch {
    return null
  }
}

function isPixels(input: unknown): input is { data: unknown } {
  return typeof input === 'object' && input !== null && !ArrayBuffer.isView(input) && 'data' in input
}

function wrongPixels({ data, width, height, channels }: RawImage, name: string): string | null {
  if (!(data instanceof Uint8Array)) {
    const advice =
      'Pixels are integers from 0 to 255, one byte a channel: scale what is not, and keep it in such an array.'
    return expected('a Uint8Array or Uint8ClampedArray', `${name}.data`, data, advice)
  }
  for (const [key, size] of Object.entries({ width, height })) {
    if (Number.isSafeInteger(size) && size > 0) continue
    return expected('an integer of at least 1', `${name}.${key}`, size, 'It counts pixels.')
  }
  if (![1, 3, 4].includes(channels)) {
    const advice = '1 is grey, 3 is RGB, 4 is RGBA; other pixels have to be made one of them.'
    return expected('1, 3 or 4', `${name}.channels`, channels, advice)
  }
  const bytes = width * height * channels
  if (data.length === bytes) return null
  const advice = 'Rows of interleaved pixels lie one after the other, without padding.'
  return expected(`${width} x ${height} x ${channels} = ${bytes} bytes`, `${name}.data`, data.length, advice)
}

function aboutAddress(address: string): string {
  if (isDataUrl(address)) return "Pass its bytes: Buffer.from(url.split(',')[1], 'base64')."
  return /^file:/i.test(address)
    ? 'Pass it as `new URL(…)`, or the path itself.'
    : 'Addresses are not fetched: download it and pass its bytes.'
}

function aboutOther(input: unknown): string {
  if (input instanceof URL && input.protocol === 'file:') return 'It names no file of this machine.'
  if (input instanceof URL) return aboutAddress(input.href)
  if (isPromise(input)) return 'Await it first.'
  if (input instanceof Blob) return 'Pass `await blob.arrayBuffer()`.'
  if (Array.isArray(input)) return 'Spread it: one list holds all images.'
  return 'docs/data.md has examples of each.'
}

/** Images in lists of `size`, in their plain forms. What is no iterable, or one of something else than images, is refused. */
export async function* inParts(
  images: Iterable<ImageInput> | AsyncIterable<ImageInput>,
  size: number,
): AsyncGenerator<PlainInput[]> {
  const isList = typeof images === 'object' && images !== null && !ArrayBuffer.isView(images)
  if (isList && Symbol.iterator in images) {
    const inputs = checkInputs([...images], 0) // now: the caller may go on with its array
    for (let first = 0; first < inputs.length; first += size) yield inputs.slice(first, first + size)
    return
  }
  if (!isList || !(Symbol.asyncIterator in images)) {
    const advice = 'One image is an array of one: `embed([image])`.'
    throw invalid(expected('an array, or another iterable, of images', 'images', images, advice))
  }
  let part: ImageInput[] = []
  let first = 0
  for await (const image of images) {
    if (part.push(image) < size) continue
    yield checkInputs(part, first)
    first += part.length
    part = []
  }
  if (part.length > 0) yield checkInputs(part, first)
}

/** The plain forms of inputs, of which the first is the call's `first`. Throws ERR_SIMCLR_INVALID_ARGUMENT. */
function checkInputs(images: readonly ImageInput[], first: number): PlainInput[] {
  const inputs = images.map(plainInput)
  const unusable = inputs.flatMap((input, i) => {
    const reason = wrongInput(input, `images[${first + i}]`)
    return reason === null ? [] : [{ index: first + i, reason }]
  })
  const [one, ...others] = unusable
  if (one === undefined) return inputs
  const more = others.length > 0 ? ` Refused too: ${others.length} more.` : ''
  throw new SimclrError('ERR_SIMCLR_INVALID_ARGUMENT', `${one.reason}${more}`, { unusable })
}
