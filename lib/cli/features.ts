/** Features that commands name: of images, or of those that `simclr embed` has written. */
import { readFile } from 'node:fs/promises'
import { SimclrError } from '../addon/errors.ts'
import { readImages } from '../data/images.ts'
import { type Encoder, sequence } from '../encoder.ts'
import { embedImages } from '../evaluate/features.ts'
import { exists } from '../io/exists.ts'
import { readNpy } from '../io/npy.ts'
import { field, nameOfField } from './output.ts'

export interface NamedFeatures {
  /** [names.length, dim] */
  data: Float32Array
  dim: number
  names: readonly string[]
  /** Files that are no usable images. */
  skipped: number
}

export interface EmbedOptions {
  limit?: number | undefined
  maxSkipped?: number | undefined
  signal: AbortSignal
}

/** X.npy, X.files.txt. */
export function namesFileOf(npy: string): string {
  return npy.replace(/\.npy$/, '.files.txt')
}

/** The features of a set of images. */
export async function embedSet(
  encoder: Encoder,
  data: string,
  { signal, ...reading }: EmbedOptions,
): Promise<NamedFeatures> {
  const images = await readImages(data, { imageSize: encoder.preprocessing.imageSize, signal, ...reading })
  try {
    const rows = await embedImages(encoder, images, sequence(images.count), signal)
    const names = Array.from(rows.indices, (index) => images.nameOf(index))
    return { data: rows.data, dim: encoder.featureDim, names, skipped: images.skipped.length }
  } finally {
    await images.dispose()
  }
}

/** What X.files.txt holds. */
export function namesText(names: readonly string[]): string {
  return names.map((name) => `${field(name)}\n`).join('')
}

/** X.npy with the names of its rows, which are their numbers where there is no X.files.txt. Throws ERR_SIMCLR_CORRUPT_FILE. */
export async function readFeatures(npy: string): Promise<NamedFeatures> {
  const { data, shape } = await readNpy(npy)
  const [rows, dim] = shape
  const file = namesFileOf(npy)
  if (!(await exists(file)))
    return { data, dim, names: Array.from({ length: rows }, (_, i) => `${i}`), skipped: 0 }
  const lines = (await readFile(file, 'utf8')).split('\n').slice(0, -1)
  if (lines.length === rows) return { data, dim, names: lines.map(nameOfField), skipped: 0 }
  throw new SimclrError(
    'ERR_SIMCLR_CORRUPT_FILE',
    `Expected a name for each of the ${rows} rows of ${npy} but ${file} has ${lines.length} lines. Write both again, or take the names away.`,
  )
}
