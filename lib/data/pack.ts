/** Writes a set as a pack (pack-format.ts). */
import type { FileHandle } from 'node:fs/promises'
import { crc32 } from 'node:zlib'
import { SimclrError } from '../addon/errors.ts'
import { AtomicFile } from '../io/atomic.ts'
import { checkOutput, output, outputError } from '../io/output.ts'
import type { Dataset } from './dataset.ts'
import { decodeImage, readImageFile, withoutAlpha } from './decode.ts'
import { plainInput, wrongInput } from './input.ts'
import { encodeEntry, encodeHeader, entryBytes, headerBytes, type PackEntry } from './pack-format.ts'
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

/** What goes into the pack for one image. */
interface Item {
  bytes: Uint8Array
  width: number
  height: number
  channels: number
}

/** About so many bytes are written at once. */
const chunkBytes = 1 << 22

/**
 * Writes `path` whole or not at all; images that cannot be used are left out and listed. Errors: ERR_SIMCLR_DATA
 * as in decoding, ERR_SIMCLR_IO.
 */
export async function pack(set: Dataset, path: string, options: PackOptions = {}): Promise<Packed> {
  await checkOutput(path)
  try {
    await using file = await output(path, () => AtomicFile.create(path))
    const packed = await writePack(set, file.handle, path, options)
    await output(path, () => file.commit())
    return packed
  } catch (error) {
    options.signal?.throwIfAborted()
    throw error
  }
}

/** Writes a pack to an empty file, which errors call `path`. Errors as `pack` has them. */
export async function writePack(
  set: Dataset,
  file: FileHandle,
  path: string,
  { keep, signal, onProgress }: PackOptions,
): Promise<Packed> {
  const report = new SkipReport(set.name, set.count, set.options.maxSkipped)
  const writer = new PackWriter(file, path)
  const names: string[] = []
  const items = set.each((input) => prepare(input, set, keep === 'files'), { signal })
  for await (const { index, value, error } of items) {
    if (value === undefined) report.add(set.nameOf(index), error)
    else {
      await writer.add(value, set.labels?.[index] ?? -1)
      names.push(set.nameOf(index))
    }
    onProgress?.(index + 1, set.count)
  }
  if (names.length === 0) {
    const why = explainSkipped(report.entries)
    throw new SimclrError('ERR_SIMCLR_DATA', `Expected images in ${set.name} but none is usable: ${why}`)
  }
  const bytes = await writer.finish(JSON.stringify({ name: set.name, classNames: set.classNames, names }))
  return { count: names.length, bytes, skipped: [...report.entries, ...set.ignored] }
}

/** Decodes in any case: what is packed can be used. */
async function prepare(input: ImageInput, set: Dataset, keepFiles: boolean): Promise<Item> {
  const given = plainInput(input)
  const isFile = typeof given === 'string' && wrongInput(given, 'image') === null
  const encoded = isFile ? await readImageFile(given) : given
  const image = await decodeImage(encoded, set.options)
  const { width, height } = image
  if (keepFiles && encoded instanceof Uint8Array) return { bytes: encoded, width, height, channels: 0 }
  const { data, channels } = withoutAlpha(image)
  return { bytes: data, width, height, channels }
}

/** Images first, then what is known at the end only, then the header. */
class PackWriter {
  readonly #path: string
  readonly #file: FileHandle
  readonly #entries: PackEntry[] = []
  #waiting: Uint8Array[] = [Buffer.alloc(headerBytes)]
  #waitingBytes = headerBytes
  #offset = headerBytes

  constructor(file: FileHandle, path: string) {
    this.#file = file
    this.#path = path
  }

  async add({ bytes, width, height, channels }: Item, label: number): Promise<void> {
    const entry = {
      offset: this.#offset,
      bytes: bytes.length,
      checksum: crc32(bytes),
      width,
      height,
      channels,
      label,
    }
    this.#entries.push(entry)
    await this.#append(bytes)
  }

  /** Bytes of the whole file. */
  async finish(metadata: string): Promise<number> {
    const index = Buffer.alloc(this.#entries.length * entryBytes)
    for (const [i, entry] of this.#entries.entries()) encodeEntry(entry, index, i * entryBytes)
    const indexOffset = this.#offset
    const json = Buffer.from(metadata)
    await this.#append(index)
    const metadataOffset = this.#offset
    await this.#append(json)
    await this.#flush()
    const header = encodeHeader({
      count: this.#entries.length,
      indexOffset,
      metadataOffset,
      metadataBytes: json.length,
      checksum: crc32(json, crc32(index)),
    })
    try {
      await this.#file.write(header, 0, headerBytes, 0)
    } catch (cause) {
      throw outputError(this.#path, cause)
    }
    return this.#offset
  }

  async #append(bytes: Uint8Array): Promise<void> {
    this.#waiting.push(bytes)
    this.#waitingBytes += bytes.length
    this.#offset += bytes.length
    if (this.#waitingBytes >= chunkBytes) await this.#flush()
  }

  async #flush(): Promise<void> {
    const chunk = Buffer.concat(this.#waiting)
    this.#waiting = []
    this.#waitingBytes = 0
    try {
      await this.#file.writeFile(chunk)
    } catch (cause) {
      throw outputError(this.#path, cause)
    }
  }
}
