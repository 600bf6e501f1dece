/**
 * The pack: one file that holds a whole set, for opening at once and reading at any place. Little-endian.
 *
 * ```
 * header, 64 bytes
 *    0  8 bytes  "simclrPK"
 *    8  u32      version, 1
 *   12  u32      CRC-32 of index and metadata
 *   16  u64      number of images
 *   24  u64      offset of the index
 *   32  u64      offset of the metadata, which end the file
 *   40  u64      bytes of the metadata
 *   48  12 bytes zero
 *   60  u32      CRC-32 of bytes 0 to 59
 * images, one after the other: rows of interleaved 8-bit pixels, or the bytes of an image file as they were
 * index, 32 bytes an image
 *    0  u64      offset
 *    8  u32      bytes
 *   12  u32      CRC-32 of these bytes
 *   16  u32      width in pixels
 *   20  u32      height
 *   24  u32      channels 1 or 3; 0: the bytes are an image file's
 *   28  i32      class, -1 = none
 * metadata: JSON, UTF-8: {"name": …, "classNames": [ … ] or null, "names": [ one an image ]}
 * ```
 */
import { crc32 } from 'node:zlib'

export const headerBytes = 64
export const entryBytes = 32
const magic = 'simclrPK'
const version = 1

export interface PackHeader {
  count: number
  indexOffset: number
  metadataOffset: number
  metadataBytes: number
  /** CRC-32 of index and metadata. */
  checksum: number
}

export interface PackEntry {
  offset: number
  bytes: number
  checksum: number
  width: number
  height: number
  /** 0: the bytes are an image file's. */
  channels: number
  label: number
}

export function encodeHeader(header: PackHeader): Buffer {
  const out = Buffer.alloc(headerBytes)
  out.write(magic, 'latin1')
  out.writeUInt32LE(version, 8)
  out.writeUInt32LE(header.checksum, 12)
  const numbers = [header.count, header.indexOffset, header.metadataOffset, header.metadataBytes]
  for (const [i, value] of numbers.entries()) out.writeBigUInt64LE(BigInt(value), 16 + 8 * i)
  out.writeUInt32LE(crc32(out.subarray(0, 60)), 60)
  return out
}

/** Null where these are not a pack's first bytes; a string says what is wrong with a pack. */
export function decodeHeader(bytes: Buffer, fileBytes: number): PackHeader | string | null {
  if (!isPack(bytes)) return null
  if (bytes.length < headerBytes) return 'it ends inside its header'
  if (crc32(bytes.subarray(0, 60)) !== bytes.readUInt32LE(60)) return 'its header is damaged'
  if (bytes.readUInt32LE(8) !== version) {
    return `it is of version ${bytes.readUInt32LE(8)} where this simclr knows version ${version}`
  }
  const at = (offset: number) => Number(bytes.readBigUInt64LE(offset))
  const [count, indexOffset, metadataOffset, metadataBytes] = [at(16), at(24), at(32), at(40)] as const
  if (indexOffset + count * entryBytes !== metadataOffset || metadataOffset + metadataBytes !== fileBytes) {
    return `it should have ${metadataOffset + metadataBytes} bytes but has ${fileBytes}`
  }
  return { count, indexOffset, metadataOffset, metadataBytes, checksum: bytes.readUInt32LE(12) }
}

export function isPack(bytes: Buffer): boolean {
  return bytes.subarray(0, 8).toString('latin1') === magic
}

export function encodeEntry(entry: PackEntry, index: Buffer, at: number): void {
  index.writeBigUInt64LE(BigInt(entry.offset), at)
  const numbers = [entry.bytes, entry.checksum, entry.width, entry.height, entry.channels]
  for (const [i, value] of numbers.entries()) index.writeUInt32LE(value, at + 8 + 4 * i)
  index.writeInt32LE(entry.label, at + 28)
}

export function decodeEntry(index: Buffer, at: number): PackEntry {
  return {
    offset: Number(index.readBigUInt64LE(at)),
    bytes: index.readUInt32LE(at + 8),
    checksum: index.readUInt32LE(at + 12),
    width: index.readUInt32LE(at + 16),
    height: index.readUInt32LE(at + 20),
    channels: index.readUInt32LE(at + 24),
    label: index.readInt32LE(at + 28),
  }
}
