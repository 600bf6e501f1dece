/** Writes a pack's parts in order (pack-format.ts): images first, then what is known at the end only, then the header. */
import type { FileHandle } from 'node:fs/promises'
import { crc32 } from 'node:zlib'
import { ChunkWriter } from '../io/chunk-writer.ts'
import { outputError } from '../io/output.ts'
import { encodeEntry, encodeHeader, entryBytes, headerBytes, type PackEntry } from './pack-format.ts'
import { encodeMetadata } from './pack-metadata.ts'

/** What goes into the pack for one image. */
export interface PackItem {
  bytes: Uint8Array
  width: number
  height: number
  /** 0: the bytes are an image file's. */
  channels: number
}

export class PackWriter {
  readonly #path: string
  readonly #file: FileHandle
  readonly #body: ChunkWriter
  readonly #entries: PackEntry[] = []
  readonly #names: string[] = []

  /** `file` is empty; errors call it `path`. Throws ERR_SIMCLR_IO, as all of its methods do. */
  static async create(file: FileHandle, path: string): Promise<PackWriter> {
    const writer = new PackWriter(file, path)
    await writer.#body.append(Buffer.alloc(headerBytes))
    return writer
  }

  private constructor(file: FileHandle, path: string) {
    this.#file = file
    this.#path = path
    this.#body = new ChunkWriter(file, path)
  }

  /** Images that were added. */
  get count(): number {
    return this.#entries.length
  }

  async add({ bytes, ...size }: PackItem, label: number, name: string): Promise<void> {
    const entry = { offset: this.#body.offset, bytes: bytes.length, checksum: crc32(bytes), ...size, label }
    this.#entries.push(entry)
    this.#names.push(name)
    await this.#body.append(bytes)
  }

  /** Bytes of the whole file. */
  async finish(name: string, classNames: readonly string[] | null): Promise<number> {
    const index = Buffer.alloc(this.#entries.length * entryBytes)
    for (const [i, entry] of this.#entries.entries()) encodeEntry(entry, index, i * entryBytes)
    const indexOffset = this.#body.offset
    await this.#body.append(index)
    const metadataOffset = this.#body.offset
    let checksum = crc32(index)
    for (const piece of encodeMetadata(name, classNames, this.#names)) {
      checksum = crc32(piece, checksum)
      await this.#body.append(piece)
    }
    await this.#body.flush()
    const metadataBytes = this.#body.offset - metadataOffset
    const header = encodeHeader({ count: this.count, indexOffset, metadataOffset, metadataBytes, checksum })
    try {
      await this.#file.write(header, 0, headerBytes, 0)
    } catch (cause) {
      throw outputError(this.#path, cause)
    }
    return this.#body.offset
  }
}
