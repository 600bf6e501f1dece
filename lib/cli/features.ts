/** Features that commands name: of images, or of those that `simclr embed` has written. */
import { stat } from 'node:fs/promises'
import { SimclrError } from '../addon/errors.ts'
import { type Images, readImages } from '../data/images.ts'
import { sequence } from '../data/indices.ts'
import type { Encoder } from '../encoder.ts'
import { embedImages, embedInParts, type ImageRows } from '../evaluate/features.ts'
import { exists } from '../io/exists.ts'
import { NpyWriter, readNpy } from '../io/npy.ts'
import { prepareOutput, writeOutput } from '../io/output.ts'
import { inPieces, linesOf } from '../io/pieces.ts'
import { readBytesOf } from '../io/read.ts'
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
export function embedSet(encoder: Encoder, data: string, options: EmbedOptions): Promise<NamedFeatures> {
  return withImages(encoder, data, options, async (images) => {
    const all = { images, indices: sequence(images.count) }
    const rows = await embedImages(encoder, all, options.signal)
    const names = Array.from(rows.indices, (index) => images.nameOf(index))
    return { data: rows.data, dim: encoder.featureDim, names, skipped: images.skipped.length }
  })
}

/** Writes X.npy and X.files.txt as features are made; neither is there before all are. */
export async function writeFeatures(
  encoder: Encoder,
  data: string,
  npy: string,
  options: EmbedOptions,
): Promise<{ rows: number; skipped: number }> {
  const namesFile = namesFileOf(npy)
  // Nobody should wait for features that cannot be written.
  for (const path of [npy, namesFile]) await prepareOutput(path)
  return withImages(encoder, data, options, async (images) => {
    await using file = await NpyWriter.create(npy, encoder.featureDim)
    const names: string[] = []
    const take = async (part: ImageRows) => {
      await file.append(part.data)
      for (const index of part.indices) names.push(images.nameOf(index))
    }
    await embedInParts(encoder, { images, indices: sequence(images.count) }, take, options.signal)
    await writeOutput(namesFile, inPieces(fieldsOf(names)))
    await file.commit()
    return { rows: names.length, skipped: images.skipped.length }
  })
}

async function withImages<T>(
  { preprocessing: { imageSize } }: Encoder,
  data: string,
  options: EmbedOptions,
  work: (images: Images) => Promise<T>,
): Promise<T> {
  const images = await readImages(data, { imageSize, ...options })
  try {
    return await work(images)
  } finally {
    await images.dispose()
  }
}

/** X.npy with the names of its rows, which are their numbers where there is no X.files.txt. Throws ERR_SIMCLR_CORRUPT_FILE. */
export async function readFeatures(npy: string): Promise<NamedFeatures> {
  const { data, shape } = await readNpy(npy)
  const [rows, dim] = shape
  const file = namesFileOf(npy)
  if (!(await exists(file)))
    return { data, dim, names: Array.from({ length: rows }, (_, i) => `${i}`), skipped: 0 }
  const names = await readNames(file)
  if (names.length === rows) return { data, dim, names, skipped: 0 }
  throw new SimclrError(
    'ERR_SIMCLR_CORRUPT_FILE',
    `Expected a name for each of the ${rows} rows of ${npy} but ${file} has ${names.length} lines. Write both again, or take the names away.`,
  )
}

/** A line for each name. */
function* fieldsOf(names: Iterable<string>): Generator<string> {
  for (const name of names) yield `${field(name)}\n`
}

async function readNames(path: string): Promise<string[]> {
  const text = await readBytesOf(path, 0, (await stat(path)).size)
  return Array.from(linesOf(text), nameOfField)
}
