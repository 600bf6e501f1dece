/** Members of tar files, plain or gzipped: found in one pass, then read at any place (plain) or in order (gzipped). */
import { createReadStream } from 'node:fs'
import type { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { createGunzip } from 'node:zlib'
import { extract, type Header } from 'tar-stream'
import { SimclrError } from '../../addon/errors.ts'
import { readBytesOf } from '../../io/read.ts'
import type { ImageSource } from '../types.ts'
import { type TarHeaderAt, tarHeaders } from './tar-headers.ts'

/** What a member of an archive is; `other`: a sparse file, or what only its writer knows. */
export type TarKind = 'file' | 'link' | 'symlink' | 'other'

/** A file inside an archive, or a link to one, while the archive is being gone through. */
export interface TarMember {
  name: string
  kind: TarKind
  /** What a link names: a member (`link`), or a path from its own folder (`symlink`); else null. */
  link: string | null
  size: number
  /** First byte of its contents, counted in the unzipped archive. */
  offset: number
  /** Its contents as a stream; only before the next member is asked for. */
  stream(): AsyncIterable<Uint8Array>
  /** Its contents at once; only before the next member is asked for. */
  contents(): Promise<Uint8Array>
}

type Known = Pick<TarMember, 'name' | 'kind' | 'link' | 'size'>

/** The regular files of a tar, in order, from any stream of its bytes. */
export async function* tarFiles(bytes: Readable, zipped: boolean): AsyncGenerator<TarMember> {
  for await (const member of tarMembers(bytes, zipped)) if (member.kind === 'file') yield member
}

/** Files, and whatever stands for one. */
async function* tarMembers(bytes: Readable, zipped: boolean): AsyncGenerator<TarMember> {
  const tar = extract()
  // Through `pipeline`, which closes the file whatever breaks.
  const read = zipped ? pipeline(bytes, createGunzip({ chunkSize: 1 << 18 }), tar) : pipeline(bytes, tar)
  read.catch(() => {}) // told by the iterator and by the await below
  for await (const entry of tar) {
    const known = memberOf(entry.header)
    let asked = false
    if (known !== null) {
      const stream = () => {
        asked = true
        return entry as AsyncIterable<Uint8Array>
      }
      const contents = async () => {
        const chunks: Uint8Array[] = []
        for await (const chunk of stream()) chunks.push(chunk)
        return Buffer.concat(chunks)
      }
      yield { ...known, offset: entry.offset + 512, stream, contents }
    }
    if (!asked) entry.resume()
  }
  await read
}

/** Null for folders and devices. */
function memberOf(header: Header): Known | null {
  const { name, size, type, linkname } = header
  const pax = (header as { pax?: Record<string, string> | null }).pax ?? {}
  const isFile = type === 'file' || type === 'contiguous-file'
  const isSparse = Object.keys(pax).some((key) => key.startsWith('GNU.sparse.'))
  const known = (kind: TarKind, link: string | null = null) => {
    return { name: plainName(pax['GNU.sparse.name'] ?? name), kind, link, size }
  }
  if (type === 'link' || type === 'symlink') return known(type, linkname ?? '')
  if (isFile) return known(isSparse ? 'other' : 'file')
  return type === null || type === undefined ? known('other') : null
}

/** The same by the header of a plain tar. */
function plainMember({ name, type, link, size, isSparse }: TarHeaderAt): Known | null {
  const known = (kind: TarKind, to: string | null = null) => ({ name: plainName(name), kind, link: to, size })
  if (type === '1' || type === '2') return known(type === '1' ? 'link' : 'symlink', link)
  if (type === '0' || type === '7' || type === '\0') return known(isSparse ? 'other' : 'file')
  return /[3-6]/.test(type) ? null : known('other')
}

function plainName(name: string): string {
  return name.replace(/^(\.\/)+/, '')
}

/** A member of one of the archives of a set. */
export interface ArchiveMember extends Omit<TarMember, 'stream'>, Place {}

/** Where an image lies. */
export interface Place {
  /** Index into the archives' paths. */
  archive: number
  offset: number
  size: number
}

/** Nothing but the place: a member holds on to much more. */
export function placeOf({ archive, offset, size }: Place): Place {
  return { archive, offset, size }
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
    for (const path of paths) zipped.push(isGzip(await readBytesOf(path, 0, 2))) // a process may not open all at once
    return new Archives(paths, zipped)
  }

  /** Whether images can be read at any place, as they can where every archive is plain. */
  get isPlain(): boolean {
    return !this.#zipped.some(Boolean)
  }

  /** Every member of every archive. Throws ERR_SIMCLR_CORRUPT_FILE where one is damaged or ends too early. */
  async *members(): AsyncGenerator<ArchiveMember> {
    for (const [archive, path] of this.#paths.entries()) {
      try {
        if (this.#zipped[archive]) {
          const bytes = createReadStream(path, { highWaterMark: 1 << 18 })
          for await (const member of tarMembers(bytes, true)) yield Object.assign(member, { archive })
        } else {
          for await (const header of tarHeaders(path)) {
            const member = plainMember(header)
            if (member === null) continue
            yield { ...member, archive, offset: header.offset, contents: async () => header.contents() }
          }
        }
      } catch (cause) {
        throw this.#damaged(archive, cause)
      }
    }
  }

  /** What lies at a place in a plain archive. */
  async read({ archive, offset, size }: Place): Promise<Uint8Array> {
    const bytes = await readBytesOf(this.#paths[archive]!, offset, size)
    if (bytes.length < size) throw this.#damaged(archive, new Error('it has become shorter'))
    return bytes
  }

  /** `read` where every archive is plain, else `stream`. `places` are in the archives' order. */
  reader(places: readonly Place[]): Pick<ImageSource, 'read' | 'stream'> {
    if (this.isPlain) return { read: (index) => this.read(places[index]!) }
    return { stream: () => this.#contents(places) }
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

function isGzip(bytes: Uint8Array): boolean {
  return bytes[0] === 0x1f && bytes[1] === 0x8b
}
