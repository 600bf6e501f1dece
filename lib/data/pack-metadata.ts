/**
 * What a pack's end says of it, in JSON. With ten million names that is longer than a string can be, so it is written in
 * pieces, and its names stay bytes until they are asked for.
 */
import { inPieces } from '../io/pieces.ts'

export interface PackMetadata {
  name: string
  classNames: readonly string[] | null
  /** Of each image; undefined where it has none. */
  nameOf(index: number): string | undefined
}

/** `{"name": …, "classNames": [ … ] or null, "names": [ one an image ]}` */
export function encodeMetadata(
  name: string,
  classNames: readonly string[] | null,
  names: Iterable<string>,
): Generator<Buffer> {
  return inPieces(
    (function* () {
      yield `{"name":${JSON.stringify(name)},"classNames":${JSON.stringify(classNames)},"names":[`
      let separator = ''
      for (const each of names) {
        yield separator + JSON.stringify(each)
        separator = ','
      }
      yield ']}'
    })(),
  )
}

/** `count`: images of the pack. Throws SyntaxError. */
export function decodeMetadata(json: Buffer, count: number): PackMetadata {
  const names = findNames(json, count)
  const rest = names
    ? `${json.toString('utf8', 0, names.first)}null${json.toString('utf8', names.end)}`
    : json.toString('utf8')
  const { name, classNames } = JSON.parse(rest) as { name: string; classNames?: string[] | null }
  return {
    name,
    classNames: classNames ?? null,
    nameOf(index) {
      const start = names?.starts[index]
      if (start === undefined || start < 0) return undefined
      return JSON.parse(json.toString('utf8', start, stringEnd(json, start))) as string
    },
  }
}

/** Of the characters that JSON is made of. */
const code = (character: string) => character.charCodeAt(0)
const [quote, backslash, comma, colon] = [code('"'), code('\\'), code(','), code(':')]
const [openBrace, closeBrace, openBracket, closeBracket] = [code('{'), code('}'), code('['), code(']')]

/** Where the array of names is, and each of its strings; null where there is none. */
interface Names {
  first: number
  /** Behind its bracket. */
  end: number
  /** -1: there is no such string. */
  starts: Float64Array
}

/** Looks for the member `names` of the outermost object. */
function findNames(json: Buffer, count: number): Names | null {
  let depth = 0
  for (let at = 0; at < json.length; at++) {
    const byte = json[at]
    if (byte === openBrace || byte === openBracket) depth += 1
    else if (byte === closeBrace || byte === closeBracket) depth -= 1
    else if (byte === quote) {
      const end = stringEnd(json, at)
      const isNames = depth === 1 && json.toString('latin1', at, Math.min(end, at + 8)) === '"names"'
      const behind = isNames ? pastSpace(json, end) : end
      at = end - 1
      if (!isNames || json[behind] !== colon) continue
      const first = pastSpace(json, behind + 1)
      return json[first] === openBracket ? stringsFrom(json, first, count) : null
    }
  }
  return null
}

/** `first`: of the array's bracket. Throws SyntaxError where it holds anything but strings. */
function stringsFrom(json: Buffer, first: number, count: number): Names {
  const starts = new Float64Array(count).fill(-1)
  let at = pastSpace(json, first + 1)
  for (let index = 0; json[at] === quote; index++) {
    if (index < count) starts[index] = at
    at = pastSpace(json, stringEnd(json, at))
    if (json[at] === comma) at = pastSpace(json, at + 1)
  }
  if (json[at] === closeBracket) return { first, end: at + 1, starts }
  throw new SyntaxError(`Expected a string among the names at byte ${at}`)
}

/** Behind the closing quote of the string that begins at `start`. */
function stringEnd(json: Buffer, start: number): number {
  let at = start + 1
  while (at < json.length && json[at] !== quote) at += json[at] === backslash ? 2 : 1
  return at + 1
}

function pastSpace(json: Buffer, from: number): number {
  let at = from
  while (json[at] === 32 || json[at] === 9 || json[at] === 10 || json[at] === 13) at += 1
  return at
}
