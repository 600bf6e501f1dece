/** Writes a set as a pack (pack-format.ts). */
import { SimclrError } from '../addon/errors.ts'
import { AtomicFile } from '../io/atomic.ts'
import { checkOutput, output } from '../io/output.ts'
import type { Dataset } from './dataset.ts'
import { decodeImage, readImageFile, withoutAlpha } from './decode.ts'
import { plainInput, wrongInput } from './input.ts'
import { type PackItem, PackWriter } from './pack-writer.ts'
import { explainSkipped, SkipReport } from './skipped.ts'
import type { ImageInput, Skipped } from './types.ts'

export interface PackOptions {
  /**
   * `pixels`: decoded, as training would hold them; opening such a pack takes no time and no memory.
   * `files`: image files as they are, smaller, decoded by every run. Default `pixels`.
   */
  keep?: 'pixels' | 'files' | undefined
  signal?: AbortSignal | undefined
  onProgress?: ((done: number, total: number) => void) | undefined
}

export interface Packed {
  count: number
  /** Of the file. */
  bytes: number
  skipped: Skipped[]
}

/**
 * Writes `path` whole or not at all; images that cannot be used are left out and listed. Errors: ERR_SIMCLR_DATA
 * as in decoding, ERR_SIMCLR_IO.
 */
export async function pack(set: Dataset, path: string, options: PackOptions = {}): Promise<Packed> {
  await checkOutput(path)
  try {
    await using file = await output(path, () => AtomicFile.create(path))
    const packed = await writePack(set, await PackWriter.create(file.handle, path), options)
    await output(path, () => file.commit())
    return packed
  } catch (error) {
    options.signal?.throwIfAborted()
    throw error
  }
}

async function writePack(
  set: Dataset,
  writer: PackWriter,
  { keep, signal, onProgress }: PackOptions,
): Promise<Packed> {
  const report = new SkipReport(set.name, set.count, set.options.maxSkipped)
  const items = set.each((input) => prepare(input, set, keep === 'files'), { signal })
  for await (const { index, value, error } of items) {
    if (value === undefined) report.add(set.nameOf(index), error)
    else await writer.add(value, set.labels?.[index] ?? -1, set.nameOf(index))
    onProgress?.(index + 1, set.count)
  }
  const { count } = writer
  if (count === 0) {
    const why = explainSkipped(report.entries)
    throw new SimclrError('ERR_SIMCLR_DATA', `Expected images in ${set.name} but none is usable: ${why}`)
  }
  const bytes = await writer.finish(set.name, set.classNames)
  return { count, bytes, skipped: [...report.entries, ...set.ignored] }
}

/** Decodes in any case: what is packed can be used. */
async function prepare(input: ImageInput, set: Dataset, keepFiles: boolean): Promise<PackItem> {
  const given = plainInput(input)
  const isFile = typeof given === 'string' && wrongInput(given, 'image') === null
  const encoded = isFile ? await readImageFile(given) : given
  const image = await decodeImage(encoded, set.options)
  const { width, height } = image
  if (keepFiles && encoded instanceof Uint8Array) return { bytes: encoded, width, height, channels: 0 }
  const { data, channels } = withoutAlpha(image)
  return { bytes: data, width, height, channels }
}
