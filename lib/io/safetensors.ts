/**
 * The safetensors format: 8 bytes header length (little-endian), a JSON header, then the arrays' bytes.
 * https://github.com/huggingface/safetensors#format
 *
 * A file is read only if it is exactly what the format says: known dtypes, sizes that agree with shapes, and
 * data without holes or overlaps, so that a truncated or tampered file is an error and never a wrong weight.
 */
import { type FileHandle, open } from 'node:fs/promises'
import { endianness } from 'node:os'

import { SimclrError } from '../addon/errors.ts'
import type { NativeTensor } from '../addon/interface.ts'
import { writeFileAtomic } from './atomic.ts'
import { readBytes } from './read.ts'
import { bytesPerElement, elementCount } from './tensor.ts'

/** What a file says of its tensors, without their data. */
export interface SafetensorsHeader {
  /** In the header's order. */
  tensors: Omit<NativeTensor, 'data'>[]
  metadata: Record<string, string>
}

export interface Safetensors extends SafetensorsHeader {
  /** In the header's order. */
  tensors: NativeTensor[]
  metadata: Record<string, string>
}

/** The reference implementation's limit. */
const maximumHeaderBytes = 100_000_000

/** Bytes that most headers do not exceed: one read has them. */
const mostLikely = 1 << 16

/** The header is a JSON object. */
const openBrace = 0x7b

interface HeaderEntry {
  dtype: NativeTensor['dtype']
  shape: number[]
  data_offsets: [number, number]
}

/** Reads and checks a whole file. Errors: ERR_SIMCLR_IO, ERR_SIMCLR_CORRUPT_FILE (both name the path). */
export async function readSafetensors(path: string): Promise<Safetensors> {
  // Cut off meanwhile, it has fewer bytes than its header will tell.
  const bytes = await reading(path, (file, size) => readBytes(file, 0, size))
  return decodeSafetensors(bytes, path)
}

/** Reads and checks the header alone, against the file's length. Errors as `readSafetensors` has them. */
export async function readSafetensorsHeader(path: string): Promise<SafetensorsHeader> {
  const { bytes, size } = await reading(path, async (file, size) => {
    const head = await readBytes(file, 0, Math.min(size, 8 + mostLikely))
    const length = headerLength(head, size)
    const isWhole = length === null || 8 + length <= head.byteLength
    return { bytes: isWhole ? head : await readBytes(file, 0, 8 + length), size }
  })
  const { entries, metadata } = decodeHeader(bytes, size, path)
  const tensors = Object.entries(entries).map(([name, { dtype, shape }]) => ({ name, dtype, shape }))
  return { tensors, metadata }
}

async function reading<T>(path: string, read: (file: FileHandle, size: number) => Promise<T>): Promise<T> {
  try {
    await using file = await open(path)
    return await read(file, (await file.stat()).size)
  } catch (cause) {
    throw new SimclrError('ERR_SIMCLR_IO', `Could not read ${path}: ${(cause as Error).message}`, { cause })
  }
}

/** Writes a file whole or not at all. Metadata values are strings, as the format demands. */
export async function writeSafetensors(
  path: string,
  tensors: readonly NativeTensor[],
  metadata: Readonly<Record<string, string>> = {},
): Promise<void> {
  await writeFileAtomic(path, encode(tensors, metadata))
}

/** The bytes that `writeSafetensors` writes. */
export function encodeSafetensors(
  tensors: readonly NativeTensor[],
  metadata: Readonly<Record<string, string>> = {},
): Uint8Array {
  return new Uint8Array(Buffer.concat(encode(tensors, metadata)))
}

/** Header and tensors of a file's bytes. The tensors' data are views into `bytes`. `label` names it in errors. */
export function decodeSafetensors(bytes: Uint8Array, label = 'safetensors data'): Safetensors {
  const { start, entries, metadata } = decodeHeader(bytes, bytes.byteLength, label)
  const tensors = Object.entries(entries).map(
    ([
      name,
      {
        dtype,
        shape,
        data_offsets: [begin, end],
      },
    ]) => {
      const data = new Uint8Array(bytes.buffer, bytes.byteOffset + start + begin, end - begin)
      return { name, dtype, shape, data }
    },
  )
  return { tensors, metadata }
}

/** The header of a file of `size` bytes, of which `bytes` has the first; the data begin at `start`. */
function decodeHeader(bytes: Uint8Array, size: number, label: string) {
  const corrupt = (what: string): SimclrError =>
    new SimclrError(
      'ERR_SIMCLR_CORRUPT_FILE',
      `Expected a complete safetensors file but ${label} ${what}. Write or download it again.`,
    )
  if (size < 8) throw corrupt(`has ${size} bytes`)
  const length = headerLength(bytes, size)
  if (length === null) {
    if (size > 8 && bytes[8] !== openBrace) throw foreign(label)
    throw corrupt(`says that its header has ${statedLength(bytes)} bytes`)
  }
  const start = 8 + length
  const { entries, metadata } = parseHeader(bytes.subarray(8, start), corrupt)
  requireContiguous(entries, size - start, corrupt)
  for (const [name, { dtype, shape, data_offsets: offsets }] of Object.entries(entries)) {
    const [begin, end] = offsets
    if (end - begin !== elementCount(shape) * bytesPerElement[dtype])
      throw corrupt(`gives "${name}" ${end - begin} bytes for ${dtype} [${shape}]`)
  }
  return { start, entries, metadata }
}

function statedLength(bytes: Uint8Array): bigint {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength).getBigUint64(0, true)
}

/** Null where a file of `size` bytes has no room for so many. */
function headerLength(bytes: Uint8Array, size: number): number | null {
  if (bytes.byteLength < 8) return null
  const length = statedLength(bytes)
  return length > BigInt(Math.min(maximumHeaderBytes, size - 8)) ? null : Number(length)
}

/** Text, archives and pickles, whose first bytes as a number are no header's length. */
function foreign(label: string): SimclrError {
  return new SimclrError(
    'ERR_SIMCLR_CORRUPT_FILE',
    `Expected a safetensors file but ${label} is none: it starts with another format's bytes. Name another file.`,
  )
}

function parseHeader(bytes: Uint8Array, corrupt: (what: string) => SimclrError) {
  let header: unknown
  try {
    header = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes))
  } catch {
    throw corrupt('has a header that is not JSON')
  }
  if (!isObject(header)) throw corrupt('has a header that is not a JSON object')
  const { __metadata__: metadata = {}, ...entries } = header
  if (!isObject(metadata) || Object.values(metadata).some((value) => typeof value !== 'string')) {
    throw corrupt('has metadata that are not strings')
  }
  for (const [name, entry] of Object.entries(entries)) {
    if (!isEntry(entry)) throw corrupt(`has no valid dtype, shape and data_offsets for "${name}"`)
  }
  return {
    metadata: metadata as Record<string, string>,
    entries: entries as unknown as Record<string, HeaderEntry>,
  }
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function isEntry(value: unknown): value is HeaderEntry {
  if (!isObject(value)) return false
  const isSizes = (list: unknown): list is number[] =>
    Array.isArray(list) && list.every((size) => Number.isSafeInteger(size) && size >= 0)
  const { dtype, shape, data_offsets: offsets } = value
  return (
    typeof dtype === 'string' &&
    Object.hasOwn(bytesPerElement, dtype) &&
    isSizes(shape) &&
    isSizes(offsets) &&
    offsets.length === 2 &&
    offsets[0]! <= offsets[1]!
  )
}

/** Every byte belongs to exactly one tensor. */
function requireContiguous(
  entries: Record<string, HeaderEntry>,
  dataBytes: number,
  corrupt: (what: string) => SimclrError,
): void {
  let covered = 0
  const inFileOrder = Object.entries(entries).sort(
    ([, a], [, b]) => a.data_offsets[0] - b.data_offsets[0] || a.data_offsets[1] - b.data_offsets[1],
  )
  for (const [name, { data_offsets: offsets }] of inFileOrder) {
    if (offsets[0] !== covered) throw corrupt(`has a hole or an overlap before "${name}"`)
    covered = offsets[1]
  }
  if (covered !== dataBytes)
    throw corrupt(`holds ${dataBytes} bytes of data where its header says ${covered}`)
}

function encode(tensors: readonly NativeTensor[], metadata: Readonly<Record<string, string>>): Uint8Array[] {
  if (endianness() !== 'LE') throw new SimclrError('ERR_SIMCLR_IO', 'Expected a little-endian machine.')
  // Widest first keeps every array aligned to its element; the header keeps the caller's order.
  const inFileOrder = [...tensors].sort((a, b) => bytesPerElement[b.dtype] - bytesPerElement[a.dtype])
  const offsets = new Map<NativeTensor, [number, number]>()
  let position = 0
  for (const tensor of inFileOrder) {
    if (tensor.data.byteLength !== elementCount(tensor.shape) * bytesPerElement[tensor.dtype]) {
      throw new SimclrError(
        'ERR_SIMCLR_INVALID_ARGUMENT',
        `Expected ${tensor.dtype} [${tensor.shape}] for \`${tensor.name}\` but received ${tensor.data.byteLength} bytes.`,
      )
    }
    offsets.set(tensor, [position, position + tensor.data.byteLength])
    position += tensor.data.byteLength
  }
  const header: Record<string, unknown> = {}
  if (Object.keys(metadata).length > 0) header.__metadata__ = metadata
  for (const tensor of tensors) {
    if (Object.hasOwn(header, tensor.name)) {
      throw new SimclrError(
        'ERR_SIMCLR_INVALID_ARGUMENT',
        `Expected distinct names but received \`${tensor.name}\` twice.`,
      )
    }
    header[tensor.name] = { dtype: tensor.dtype, shape: tensor.shape, data_offsets: offsets.get(tensor) }
  }
  const json = new TextEncoder().encode(JSON.stringify(header))
  const padded = new Uint8Array(Math.ceil(json.length / 8) * 8).fill(0x20)
  padded.set(json)
  const length = new Uint8Array(8)
  new DataView(length.buffer).setBigUint64(0, BigInt(padded.length), true)
  return [length, padded, ...inFileOrder.map((tensor) => tensor.data)]
}
