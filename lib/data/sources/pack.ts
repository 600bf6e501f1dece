/** `pack:FILE`: a set that `simclr data pack` has written (pack-format.ts). */
import { type FileHandle, open } from 'node:fs/promises'
import { crc32 } from 'node:zlib'
import { SimclrError } from '../../addon/errors.ts'
import { readBytes } from '../../io/read.ts'
import { mapImages } from '../mapped.ts'
import { decodeEntry, decodeHeader, entryBytes, headerBytes, type PackEntry } from '../pack-format.ts'
import { decodeMetadata, type PackMetadata } from '../pack-metadata.ts'
import type { Spec } from '../spec.ts'
import type { NativeSource } from '../store.ts'
import { type ImageInput, UnusableImage } from '../types.ts'

/**
 * Reads and checks header, index and metadata. Pixels are checked when they are read for the first time, from the file
 * that is open since: another one may have been renamed to its path. `close` closes it; what is mapped stays.
 */
export async function openPack({ path }: Pick<Spec, 'path'>): Promise<NativeSource> {
  const file = await open(path)
  try {
    return packSource(path, file, await readIndex(path, file))
  } catch (error) {
    await file.close()
    throw error
  }
}

function packSource(path: string, file: FileHandle, { entries, metadata }: Index): NativeSource {
  const labelled = entries.some((entry) => entry.label >= 0)
  const [first] = entries
  const square = entries.every((e) => e.width === e.height && e.width === first!.width)
  return {
    name: path,
    count: entries.length,
    labels: labelled ? entries.map((entry) => entry.label) : null,
    classNames: labelled ? metadata.classNames : null,
    imageSize: square ? first!.width : null,
    mapped: true,
    nameOf: (index) => metadata.nameOf(index) ?? `${path} ${index}`,
    read: (index) => readImage(file, entries[index]!),
    close: () => file.close(),
    async fill(store, indices, { shorterSide }) {
      const chosen = indices ? Array.from(indices, (i) => entries[i]!) : entries
      const asTheyAre = chosen.every(
        ({ channels, width, height }) =>
          channels !== 0 && (shorterSide === null || Math.min(width, height) <= shorterSide),
      )
      if (!asTheyAre) return false
      mapImages(store, file, chosen, path)
      return true
    },
  }
}

interface Index {
  entries: PackEntry[]
  metadata: PackMetadata
}

async function readIndex(path: string, file: FileHandle): Promise<Index> {
  const { size } = await file.stat()
  const header = decodeHeader(await readAt(file, 0, Math.min(size, headerBytes)), size)
  if (header === null) throw corrupt(path, 'it does not start as a pack does')
  if (typeof header === 'string') throw corrupt(path, header)
  const index = await readAt(file, header.indexOffset, header.count * entryBytes)
  const json = await readAt(file, header.metadataOffset, header.metadataBytes)
  if (crc32(json, crc32(index)) !== header.checksum) throw corrupt(path, 'its index is damaged')
  const entries = Array.from({ length: header.count }, (_, i) => decodeEntry(index, i * entryBytes))
  try {
    return { entries, metadata: decodeMetadata(json, header.count) }
  } catch (error) {
    throw corrupt(path, `its metadata are not as they should be: ${(error as Error).message}`)
  }
}

/** Throws {@link UnusableImage} for bytes that have changed. */
async function readImage(file: FileHandle, entry: PackEntry): Promise<ImageInput> {
  const bytes = await readAt(file, entry.offset, entry.bytes)
  if (crc32(bytes) !== entry.checksum) throw new UnusableImage('corrupt', 'wrong checksum')
  if (entry.channels === 0) return bytes
  const { width, height } = entry
  return { data: bytes, width, height, channels: entry.channels as 1 | 3 }
}

async function readAt(file: FileHandle, offset: number, bytes: number): Promise<Buffer> {
  const { buffer, byteOffset, length } = await readBytes(file, offset, bytes)
  return Buffer.from(buffer, byteOffset, length)
}

function corrupt(path: string, why: string): SimclrError {
  return new SimclrError(
    'ERR_SIMCLR_CORRUPT_FILE',
    `Expected a pack but ${path} is none: ${why}. Make it anew.`,
  )
}
