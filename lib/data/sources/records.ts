/** Files of records of one size, read in blocks. */
import { stat } from 'node:fs/promises'
import { SimclrError } from '../../addon/errors.ts'
import { readBytesOf } from '../../io/read.ts'

/** A run of records inside a file. */
interface Part {
  path: string
  /** Byte of the first record. */
  start: number
  count: number
}

/** About so many bytes are read at once. */
const blockBytes = 1 << 22

/** Record `i` of several files that follow each other. Keeps the block it read last. */
export class Records {
  readonly count: number
  readonly #parts: Part[]
  readonly #bytes: number
  #block: { part: Part; first: number; bytes: Promise<Uint8Array> } | null = null

  private constructor(parts: Part[], bytes: number) {
    this.#parts = parts
    this.#bytes = bytes
    this.count = parts.reduce((sum, part) => sum + part.count, 0)
  }

  /** `bytes` a record, behind a header of `start` bytes. Throws ERR_SIMCLR_CORRUPT_FILE where the size is no multiple. */
  static async open(paths: readonly string[], bytes: number, start = 0): Promise<Records> {
    const parts: Part[] = []
    for (const path of paths) {
      const { size } = await stat(path)
      const count = (size - start) / bytes
      if (count < 1 || !Number.isInteger(count)) {
        throw new SimclrError(
          'ERR_SIMCLR_CORRUPT_FILE',
          `Expected ${path} to hold records of ${bytes} bytes${start > 0 ? ` behind ${start}` : ''} but it has ${size} ` +
            'bytes. Download or copy it again.',
        )
      }
      parts.push({ path, start, count })
    }
    return new Records(parts, bytes)
  }

  /** Records in each of the files. */
  get counts(): number[] {
    return this.#parts.map(({ count }) => count)
  }

  /** A view of the record's bytes. */
  async read(index: number): Promise<Uint8Array> {
    let inside = index
    const part = this.#parts.find((part) => {
      if (inside < part.count) return true
      inside -= part.count
      return false
    })!
    const perBlock = Math.max(1, Math.floor(blockBytes / this.#bytes))
    const first = inside - (inside % perBlock)
    if (this.#block?.part !== part || this.#block.first !== first) {
      const count = Math.min(perBlock, part.count - first)
      this.#block = { part, first, bytes: this.#load(part, first, count) }
    }
    const block = await this.#block.bytes.catch((error) => {
      this.#block = null // a disk across a network may give it the next time
      throw error
    })
    const at = (inside - first) * this.#bytes
    return block.subarray(at, at + this.#bytes)
  }

  async #load(part: Part, first: number, count: number): Promise<Uint8Array> {
    const length = count * this.#bytes
    const block = await readBytesOf(part.path, part.start + first * this.#bytes, length)
    if (block.length === length) return block
    throw new SimclrError(
      'ERR_SIMCLR_CORRUPT_FILE',
      `${part.path} has become shorter while it was being read.`,
    )
  }
}

/** Planes of one channel each, as [channel][y][x], to interleaved pixels. */
export function interleave(planes: Uint8Array, size: number): Uint8Array {
  const plane = size * size
  const out = new Uint8Array(3 * plane)
  for (let i = 0, o = 0; i < plane; i += 1) {
    out[o++] = planes[i]!
    out[o++] = planes[plane + i]!
    out[o++] = planes[2 * plane + i]!
  }
  return out
}
