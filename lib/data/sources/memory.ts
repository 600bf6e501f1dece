/** Images that are in memory already, or named one by one. */
import { expected, invalid } from '../../config/messages.ts'
import { isDataUrl, plainInput } from '../input.ts'
import type { ImageInput, ImageSource } from '../types.ts'

/** Images of any kinds and sizes: raw pixels, the bytes of image files, paths. */
export interface ImageArray {
  images: readonly ImageInput[]
  /** Class of each; -1 = none. */
  labels?: ArrayLike<number> | null
  classNames?: readonly string[] | null
  /** Name of each in reports. */
  names?: readonly string[]
}

/** Images of one size in one array of bytes, row-major [count, height, width, channels]. */
export interface PixelArray {
  pixels: Uint8Array | Uint8ClampedArray
  shape: readonly [count: number, height: number, width: number, channels: 1 | 3 | 4]
  labels?: ArrayLike<number> | null
  classNames?: readonly string[] | null
}

/** A source of an array's elements. */
export function imageArraySource({ images, labels, classNames, names }: ImageArray): ImageSource {
  if (!Array.isArray(images) || images.length === 0) {
    throw invalid(
      expected('an array of at least one image', 'images', images, 'Pass raw images, buffers or paths.'),
    )
  }
  if (names !== undefined && !(Array.isArray(names) && names.length === images.length)) {
    throw invalid(
      expected(`an array of ${images.length} names, one an image,`, 'names', names, 'Or leave them out.'),
    )
  }
  return {
    name: 'the array of images',
    count: images.length,
    labels: labels ?? null,
    classNames: classNames ?? null,
    nameOf(index) {
      const image = images[index]
      if (names?.[index] !== undefined) return names[index]
      const isName = (typeof image === 'string' || image instanceof URL) && !isDataUrl(image)
      return isName ? String(image) : `image ${index}`
    },
    read: (index) => plainInput(images[index]!),
  }
}

/** A source of an array's rows; the array is not copied. */
export function pixelArraySource({ pixels, shape, labels, classNames }: PixelArray): ImageSource {
  const isShape =
    Array.isArray(shape) && shape.length === 4 && shape.every((n) => Number.isSafeInteger(n) && n > 0)
  if (!isShape) {
    const advice = 'They are integers of at least 1.'
    throw invalid(expected('[count, height, width, channels]', 'shape', shape, advice))
  }
  if (![1, 3, 4].includes(shape[3])) {
    const isPlanar = [1, 3, 4].includes(shape[1])
    const advice = isPlanar
      ? 'This is PyTorch’s order, planes of one channel each: bring the channels to the end.'
      : ''
    throw invalid(
      expected('[count, height, width, channels] with 1, 3 or 4 channels', 'shape', shape, advice),
    )
  }
  const [count, height, width, channels] = shape
  const bytes = height * width * channels
  const isBytes = pixels instanceof Uint8Array || pixels instanceof Uint8ClampedArray
  if (!isBytes || pixels.length !== count * bytes) {
    const what = `a Uint8Array of ${shape.join(' x ')} bytes`
    const received = isBytes ? pixels.length : pixels
    throw invalid(expected(what, 'pixels', received, 'The shape is [count, height, width, channels].'))
  }
  const all = new Uint8Array(pixels.buffer, pixels.byteOffset, pixels.byteLength)
  return {
    name: 'the array of pixels',
    count,
    labels: labels ?? null,
    classNames: classNames ?? null,
    imageSize: height === width ? height : null,
    nameOf: (index) => `image ${index}`,
    read: (index) => ({ data: all.subarray(index * bytes, (index + 1) * bytes), width, height, channels }),
  }
}
