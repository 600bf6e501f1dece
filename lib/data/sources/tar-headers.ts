/**
 * The members of a plain tar by its headers alone, whatever lies between them: of 147 GB of shards these are a few GB.
 * tar-stream would have every byte.
 */
import { closeSync, fstatSync, openSync, readSync } from 'node:fs'
import { Turn } from '../../io/turn.ts'
import { block, decodePax, decodeTarHeader, type TarHeader, textAt } from './tar-header.ts'

/** What follows a small file's header (its contents, the next headers) mostly lies within so many bytes. */
const windowBytes = 1 << 14
/** Of what headers say about the next one. */
const mostBefore = 1 << 22

export interface TarHeaderAt extends TarHeader {
  /** First byte of the contents. */
  offset: number
  isSparse: boolean
  /** Only before the next member is asked for. */
  contents(): Uint8Array
}

/** What lies before a member and is about it. */
interface Before {
  name?: string
  link?: string
  pax?: Map<string, string>
}

/** In order. Throws where the archive is damaged or ends too early. */
export async function* tarHeaders(path: string): AsyncGenerator<TarHeaderAt> {
  const file = openSync(path, 'r')
  try {
    const { size: end } = fstatSync(file)
    const turn = new Turn()
    const read = windowed(file)
    let shared = new Map<string, string>()
    let before: Before = {}
    let at = 0
    while (at < end) {
      // Thousands of reads of microseconds: waiting for each would take ten times as long.
      if (turn.isOver) await turn.next()
      const bytes = read(at, block)
      const found = decodeTarHeader(bytes)
      at += block
      if (found === null) continue
      let { size } = found
      if (/[xgLNK]/.test(found.type)) {
        if (size > mostBefore) throw new Error(`a header has ${size} bytes`)
        const body = read(at, size)
        if (found.type === 'x') before.pax = new Map([...shared, ...decodePax(body)])
        else if (found.type === 'g') shared = decodePax(body)
        else before[found.type === 'K' ? 'link' : 'name'] = textAt(body, 0, size)
      } else {
        // The map of an old sparse file with many holes goes on behind its header.
        for (let more = found.type === 'S' && bytes[482]; more; at += block) more = read(at, block)[504]!
        const member = complete(found, before)
        before = {}
        size = found.type === '5' ? 0 : member.size
        if (!(size >= 0)) throw new Error('the size of a member is no number')
        const offset = at
        yield { ...member, offset, contents: () => Buffer.from(read(offset, size)) }
      }
      at += Math.ceil(size / block) * block
    }
    if (at > end) throw tooShort()
  } finally {
    closeSync(file)
  }
}

/** Reads ahead a little, and nothing between two places that lie far apart. What it gives is good until the next call. */
function windowed(file: number): (at: number, bytes: number) => Buffer {
  let window = Buffer.alloc(windowBytes)
  let start = 0
  let length = 0
  return (at, bytes) => {
    if (bytes > window.length) {
      window = Buffer.alloc(bytes)
      length = 0
    }
    if (at < start || at + bytes > start + length) {
      start = at
      length = readSync(file, window, 0, window.length, at)
      if (length < bytes) throw tooShort()
    }
    return window.subarray(at - start, at - start + bytes)
  }
}

function tooShort(): Error {
  return new Error('it ends too early')
}

/** `header` with what came before it; pax goes over GNU. */
function complete(header: TarHeader, { name, link, pax }: Before): Omit<TarHeaderAt, 'offset' | 'contents'> {
  const size = pax?.get('size')
  return {
    name: pax?.get('GNU.sparse.name') ?? pax?.get('path') ?? name ?? header.name,
    link: pax?.get('linkpath') ?? link ?? header.link,
    type: header.type,
    size: size === undefined ? header.size : Number(size),
    isSparse: [...(pax?.keys() ?? [])].some((key) => key.startsWith('GNU.sparse.')),
  }
}
