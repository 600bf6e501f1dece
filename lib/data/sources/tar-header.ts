/** One header of a tar archive: POSIX.1-2017, pax, "ustar Interchange Format"; GNU's differ by their magic and types. */

export const block = 512

export interface TarHeader {
  name: string
  /** `0` or NUL: a file; `1`, `2`: links; `5`: a folder; `x`, `g`, `L`, `K`: about the next member; … */
  type: string
  /** Of the contents, bytes. */
  size: number
  link: string
}

/** Null for a block of zeros. Throws for what is no header. */
export function decodeTarHeader(bytes: Buffer): TarHeader | null {
  let sum = 0
  for (let i = 0; i < block; i++) sum += i >= 148 && i < 156 ? 0x20 : bytes[i]!
  if (sum === 8 * 0x20) return null
  const magic = bytes.toString('latin1', 257, 263)
  if (sum !== numberAt(bytes, 148, 8) || !/^ustar[\0 ]$/.test(magic)) throw new Error('a header is none')
  const size = numberAt(bytes, 124, 12)
  if (!(size >= 0)) throw new Error('the size of a member is no number')
  const prefix = magic === 'ustar\0' ? textAt(bytes, 345, 155) : ''
  const name = textAt(bytes, 0, 100)
  return {
    name: prefix === '' ? name : `${prefix}/${name}`,
    type: String.fromCharCode(bytes[156]!),
    size,
    link: textAt(bytes, 157, 100),
  }
}

/** The fields of a pax header: `LENGTH KEY=VALUE`, a line each, with lengths in bytes. */
export function decodePax(body: Buffer): Map<string, string> {
  const fields = new Map<string, string>()
  for (let at = 0; at < body.length; ) {
    const length = Number.parseInt(body.toString('latin1', at, at + 12), 10)
    if (!(length > 0)) break // padding
    const line = body.toString('utf8', at, at + length - 1)
    const [, key, value] = /^\d+ ([^=]+)=(.*)$/s.exec(line) ?? []
    if (key === undefined || value === undefined) throw new Error('a pax header is none')
    fields.set(key, value)
    at += length
  }
  return fields
}

export function textAt(bytes: Buffer, at: number, most: number): string {
  const end = bytes.indexOf(0, at)
  return bytes.toString('utf8', at, end < 0 ? at + most : Math.min(end, at + most))
}

/** Octal digits; GNU, where they would not do: binary. */
function numberAt(bytes: Buffer, at: number, length: number): number {
  if (bytes[at] === 0x80) return Number(bytes.readBigUInt64BE(at + length - 8))
  const digits = bytes.toString('latin1', at, at + length).replace(/^[ \0]+|[ \0].*$/gs, '')
  return digits === '' ? 0 : /^[0-7]+$/.test(digits) ? Number.parseInt(digits, 8) : Number.NaN
}
