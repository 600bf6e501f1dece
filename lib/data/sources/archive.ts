/** Members of tar files, plain or gzipped: found in one pass, then read at any place (plain) or in order (gzipped). */
import { createReadStream } from 'node:fs'
import { open } from 'node:fs/promises'
import type { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { createGunzip } from 'node:zlib'
import { extract } from 'tar-stream'
import { SimclrError } from '../../addon/errors.ts'
import type { ImageSource } from '../types.ts'

/** A file inside an archive, while the archive is being gone through. */
export interface TarMember {
  name: string
  size: number
  /** First byte of its contents, counted in the unzipped archive. */
  offset: number
  /** Its contents as a stream; only before the next member is asked for. */
  stream(): AsyncIterable<Uint8Array>
  /** Its contents at once; only before the next member is asked for. */
  contents(): Promise<Uint8Array>
}

/** The regular files of a tar, in order, from any stream of its bytes. */
export async function* tarMembers(bytes: Readable, zipped: boolean): AsyncGenerator<TarMember> {
  const tar = extract()
  // Through `pipeline`, which closes the file whatever breaks.
  const read = zipped ? pipeline(bytes, createGunzip({ chunkSize: 1 << 18 }), tar) : pipeline(bytes, tar)
  read.catch(() => {}) // told by the iterator and by the await below
  for await (const entry of tar) {
    const { name, type, size } = entry.header
    let asked = false
    if (type === 'file' || type === 'contiguous-file') {
      const stream = () => {
        asked = true
        return entry as AsyncIterable<Uint8Array>
      }
      const contents = async () => {
        const chunks: Uint8Array[] = []
        for await (const chunk of stream()) chunks.push(chunk)
        return Buffer.concat(chunks)
      }
      yield { name: name.replace(/^(\.\/)+/, ''), size, offset: entry.offset + 512, stream, contents }
    }
    if (!asked) entry.resume()
  }
  await read
}

/** Where an image lies. */
export interface Place {
  /** Index into the archives' paths. */
  archive: number
  offset: number
  size: number
}

/** The archives of a data set, each known to be plain or gzipped. */
export class Archives {
  readonly #paths: readonly string[]
  readonly #zipped: readonly boolean[]

  private constructor(paths: readonly string[], zipped: readonly boolean[]) {
    this.#paths = paths
    this.#zipped = zipped
  }

  static async open(paths: readonly string[]): Promise<Archives> {
    const zipped: boolean[] = []
    for (const path of paths) zipped.push(isGzip(await readAt(path, 0, 2))) // a process may not open all at once
    return new Archives(paths, zipped)
  }

  /** Every member of every archive. Throws ERR_SIMCLR_CORRUPT_FILE where one is damaged or ends too early. */
  async *members(): AsyncGenerator<TarMember & { archive: number }> {
    for (const [archive, path] of this.#paths.entries()) {
      const bytes = createReadStream(path, { highWaterMark: 1 << 18 })
      try {
        for await (const member of tarMembers(bytes, this.#zipped[archive]!))
          yield Object.assign(member, { archive })
      } catch (cause) {
        throw this.#damaged(archive, cause)
      }
    }
  }

  /** `read` where every archive is plain, else `stream`. `places` are in the archives' order. */
  reader(places: readonly Place[]): Pick<ImageSource, 'read' | 'stream'> {
    if (this.#zipped.some(Boolean)) return { stream: () => this.#contents(places) }
    return {
      read: async (index) => {
        const { archive, offset, size } = places[index]!
        const bytes = await readAt(this.#paths[archive]!, offset, size)
        if (bytes.length < size) throw this.#damaged(archive, new Error('it has become shorter'))
        return bytes
      },
    }
  }

  async *#contents(places: readonly Place[]): AsyncGenerator<Uint8Array> {
    let next = 0
    for await (const member of this.members()) {
      const place = places[next]
      if (place?.archive !== member.archive || place.offset !== member.offset) continue
      yield await member.contents()
      next += 1
    }
  }

  #damaged(archive: number, cause: unknown): unknown {
    if (cause instanceof SimclrError) return cause
    return new SimclrError(
      'ERR_SIMCLR_CORRUPT_FILE',
      `Expected a complete tar archive but ${this.#paths[archive]} is damaged: ${(cause as Error).message}. Copy it again.`,
      { cause },
    )
  }
}

async function readAt(path: string, offset: number, size: number): Promise<Uint8Array> {
  const file = await open(path)
  try {
    const { buffer, bytesRead } = await file.read(Buffer.allocUnsafe(size), 0, size, offset)
    return buffer.subarray(0, bytesRead)
  } finally {
    await file.close()
  }
}

function isGzip(bytes: Uint8Array): boolean {
  return bytes[0] === 0x1f && bytes[1] === 0x8b
}
