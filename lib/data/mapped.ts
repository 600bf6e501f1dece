/** Images that stay in a file: rows of pixels without gaps, which a store maps into memory. */
import type { FileHandle } from 'node:fs/promises'
import type { NativeImageStore } from '../addon/interface.ts'

/** Where one lies, and its size. */
export interface MappedImage {
  /** Of its first byte in the file. */
  offset: number
  width: number
  height: number
  /** 1 or 3. */
  channels: number
  /** CRC-32. */
  checksum: number
}

/**
 * Lets the first slots of `store` show these images of an open file, which may be closed afterwards; errors call it `name`.
 * Throws ERR_SIMCLR_IO, ERR_SIMCLR_CORRUPT_FILE.
 */
export function mapImages(
  store: NativeImageStore,
  file: FileHandle,
  images: readonly MappedImage[],
  name: string,
): void {
  const columns = {
    offsets: Float64Array.from(images, ({ offset }) => offset),
    widths: Uint32Array.from(images, ({ width }) => width),
    heights: Uint32Array.from(images, ({ height }) => height),
    channels: Uint8Array.from(images, ({ channels }) => channels),
    checksums: Uint32Array.from(images, ({ checksum }) => checksum),
  }
  // By its descriptor: its name may be another file's by now, or nobody's.
  store.map(`/proc/self/fd/${file.fd}`, columns, name)
}
