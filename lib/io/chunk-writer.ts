/** Bytes appended to an open file, some megabytes at a time. */
import type { FileHandle } from 'node:fs/promises'
import { outputError } from './output.ts'

/** About so many bytes are written at once. */
const chunkBytes = 1 << 22

export class ChunkWriter {
  readonly #file: FileHandle
  readonly #path: string
  #waiting: Uint8Array[] = []
  #waitingBytes = 0
  #offset = 0

  /** Errors call the file `path`. */
  constructor(file: FileHandle, path: string) {
    this.#file = file
    this.#path = path
  }

  /** Bytes that were appended. */
  get offset(): number {
    return this.#offset
  }

  /** `bytes` must stay as they are until they are written. Throws ERR_SIMCLR_IO. */
  async append(bytes: Uint8Array): Promise<void> {
    this.#waiting.push(bytes)
    this.#waitingBytes += bytes.length
    this.#offset += bytes.length
    if (this.#waitingBytes >= chunkBytes) await this.flush()
  }

  /** Writes what waits. Throws ERR_SIMCLR_IO. */
  async flush(): Promise<void> {
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
