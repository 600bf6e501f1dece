/**
 * IDX, the format of MNIST and its kin (http://yann.lecun.com/exdb/mnist): two zero bytes, the type (8 = bytes),
 * the number of dimensions, each dimension as a big-endian 32-bit number, the values. Gzipped or not.
 */
import { readFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import { promisify } from 'node:util'
import { gunzip } from 'node:zlib'
import { SimclrError } from '../../addon/errors.ts'
import type { Spec } from '../spec.ts'
import type { ImageSource } from '../types.ts'

/** A file's contents. */
export interface Idx {
  shape: number[]
  values: Uint8Array
}

/** No set of this kind is near it; what unpacks to more is no such set. */
const maxBytes = 2 ** 31

/** `idx:IMAGES[,LABELS]`. */
export async function openIdx(spec: Spec): Promise<ImageSource> {
  const [images = '', labels] = spec.path.split(',')
  return idxSource(images, labels)
}

/** Both files' paths made absolute, where no comma comes in by that. */
export function absoluteIdx(path: string): string {
  const files = path.split(',').map((file) => resolve(file))
  return files.some((file) => file.includes(',')) ? path : files.join(',')
}

/** Images [count, height, width] or [count, height, width, 1 or 3], and their labels [count]. */
export async function idxSource(imagesPath: string, labelsPath?: string): Promise<ImageSource> {
  const images = await readIdx(imagesPath)
  const [count = 0, height = 0, width = 0, channels = 1] = images.shape
  const isImages = (images.shape.length === 3 || images.shape.length === 4) && count * height * width > 0
  if (!isImages || (channels !== 1 && channels !== 3)) {
    throw corrupt(imagesPath, 'images [count, height, width]', `[${images.shape.join(', ')}]`)
  }
  const labels = labelsPath === undefined ? null : await readIdx(labelsPath)
  if (labels && (labels.shape.length !== 1 || labels.shape[0] !== count)) {
    throw corrupt(
      labelsPath!,
      `labels of the ${count} images of ${imagesPath}`,
      `[${labels.shape.join(', ')}]`,
    )
  }
  const bytes = height * width * channels
  return {
    name: imagesPath,
    count,
    labels: labels ? labels.values : null,
    imageSize: height === width ? height : null,
    nameOf: (index) => `${imagesPath} ${index}`,
    read: (index) => {
      const data = images.values.subarray(index * bytes, (index + 1) * bytes)
      return { data, width, height, channels }
    },
  }
}

/** Reads a whole file. Throws ERR_SIMCLR_CORRUPT_FILE. */
async function readIdx(path: string): Promise<Idx> {
  const bytes = await unzipped(path, await readFile(path))
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  if (bytes.length < 4 || view.getUint16(0) !== 0 || bytes[2] !== 8) {
    throw corrupt(
      path,
      'an IDX file of bytes',
      `one that starts with ${Buffer.from(bytes.subarray(0, 4)).toString('hex')}`,
    )
  }
  const dimensions = bytes[3]!
  const start = 4 + 4 * dimensions
  if (bytes.length < start) throw corrupt(path, `${dimensions} dimensions`, `${bytes.length} bytes`)
  const shape = Array.from({ length: dimensions }, (_, i) => view.getUint32(4 + 4 * i))
  const values = bytes.subarray(start)
  const due = shape.reduce((product, size) => product * size, 1)
  if (values.length !== due) throw corrupt(path, `[${shape.join(', ')}] = ${due} values`, `${values.length}`)
  return { shape, values }
}

async function unzipped(path: string, bytes: Uint8Array): Promise<Uint8Array> {
  if (bytes[0] !== 0x1f || bytes[1] !== 0x8b) return bytes
  try {
    return await promisify(gunzip)(bytes, { maxOutputLength: maxBytes })
  } catch (cause) {
    throw new SimclrError(
      'ERR_SIMCLR_CORRUPT_FILE',
      `${path} cannot be unzipped: ${(cause as Error).message}.`,
      { cause },
    )
  }
}

function corrupt(path: string, wanted: string, received: string): SimclrError {
  return new SimclrError(
    'ERR_SIMCLR_CORRUPT_FILE',
    `Expected ${path} to hold ${wanted} but it holds ${received}. Download or copy it again.`,
  )
}
