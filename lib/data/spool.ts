/**
 * Sets that can only be read from front to back, and would not fit into memory: decoded once into a file without a name,
 * so nothing is left behind however the process ends. From there training asks for images in any order, as from memory:
 * no shuffle buffer, the same batches, the same place after an interruption.
 */
import { randomBytes } from 'node:crypto'
import { constants, type FileHandle, open, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { crc32 } from 'node:zlib'
import { SimclrError } from '../addon/errors.ts'
import type { NativeImageStore } from '../addon/interface.ts'
import { loadAddon } from '../addon/load.ts'
import { ChunkWriter } from '../io/chunk-writer.ts'
import { withoutAlpha } from './decode.ts'
import { type MappedImage, mapImages } from './mapped.ts'
import type { Overflow } from './store.ts'
import type { RawImage } from './types.ts'

/** Where it is written: TMPDIR, else /var/tmp, which is on a disk where /tmp may be memory. */
function spoolFolder(): string {
  return process.env.TMPDIR || '/var/tmp'
}

/** Images in a nameless file. The disk has to take all decoded pixels. */
export class Spool implements Overflow {
  readonly #file: FileHandle
  readonly #name: string
  readonly #pixels: ChunkWriter
  readonly #images: MappedImage[] = []

  private constructor(file: FileHandle, name: string) {
    this.#file = file
    this.#name = name
    this.#pixels = new ChunkWriter(file, name)
  }

  /** Throws ERR_SIMCLR_IO, as all of its methods do. */
  static async create(): Promise<Spool> {
    const { file, name } = await namelessFile()
    return new Spool(file, name)
  }

  async add(image: RawImage): Promise<void> {
    const { data, width, height, channels } = withoutAlpha(image)
    this.#images.push({ offset: this.#pixels.offset, width, height, channels, checksum: crc32(data) })
    await this.#pixels.append(data)
  }

  async finish(): Promise<NativeImageStore> {
    await this.#pixels.flush()
    const store = new (loadAddon().ImageStore)(this.#images.length)
    mapImages(store, this.#file, this.#images, this.#name)
    return store
  }

  /** What is mapped stays. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#file.close()
  }
}

/** Linux's: a file that never has a name (open(2)). Node's constants lack it. */
const O_TMPFILE = 0o20000000 | constants.O_DIRECTORY

/** A file without a name: it is gone when nothing has it open or mapped, however the process ends. */
async function namelessFile(): Promise<{ file: FileHandle; name: string }> {
  const name = join(spoolFolder(), `simclr-spool-${randomBytes(6).toString('hex')}`)
  try {
    const file = await open(spoolFolder(), O_TMPFILE | constants.O_RDWR, 0o600)
    return { file, name }
  } catch {} // a file system without it
  try {
    const file = await open(name, 'wx+', 0o600)
    await rm(name)
    return { file, name }
  } catch (cause) {
    throw new SimclrError(
      'ERR_SIMCLR_IO',
      `Expected a place for decoded images but ${spoolFolder()} cannot be written: ${(cause as Error).message}. ` +
        'Set TMPDIR to a folder with room.',
      { cause },
    )
  }
}
