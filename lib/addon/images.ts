/** Decoded images, and native decoding of JPEG files: part of the boundary (interface.ts). */

export interface RawImage {
  data: Uint8Array
  width: number
  height: number
  channels: 1 | 3 | 4
}

/** Images in a file: rows without gaps, of 1 or 3 channels. One element an image. */
export interface MappedImages {
  offsets: Float64Array
  widths: Uint32Array
  heights: Uint32Array
  channels: Uint8Array
  /** CRC-32. */
  checksums: Uint32Array
}

/** Decoded 8-bit images by index, of any sizes, in native memory. Grey is kept as one channel; alpha is dropped. */
export interface NativeImageStore {
  /** Number of slots. */
  readonly count: number
  /** Bytes held; pixels in a mapped file are not. */
  readonly bytes: number
  set(index: number, image: RawImage): void
  /** Copies one image out (for sheets and reports). */
  get(index: number): RawImage
  has(index: number): boolean
  /** Frees one slot (streaming). */
  delete(index: number): void
  /**
   * Lets slots 0 .. offsets.length-1 show pixels inside a file (rows without gaps, 1 or 3 channels), mapped into
   * memory and fetched by the system when they are needed. Each is checked against its CRC-32 when first read, and again
   * after the file was written to; where it differs, or the file has lost bytes, whoever reads gets
   * ERR_SIMCLR_CORRUPT_FILE. Once per store. Errors call the file `name`, by default its path.
   */
  map(file: string, images: MappedImages, name?: string): void
  /**
   * Fills slots first .. first+count-1 with procedural scenes, of which `scene` (default: the slot's own number) is the
   * first; returns their labels (0-9). Off the main thread.
   */
  fillScenes(options: {
    seed: number
    first: number
    count: number
    size: number
    scene?: number
  }): Promise<Int32Array>
  dispose(): void
}

export interface JpegOptions {
  /** Files of more pixels are declined. */
  maxPixels: number
  /** Larger images are shrunk until their shorter side has so many pixels; null: none is. */
  shorterSide: number | null
}

/**
 * Decodes a file, given by its path or its bytes, on one of libuv's threads. Null for what is not an ordinary, intact
 * JPEG of at most `maxPixels`, and for everything in a build without libjpeg-turbo: native/core/image/jpeg.h says what.
 *
 * The image's pixels stay in native memory until `data` is looked at, and `NativeImageStore.set` takes them from there:
 * then the image has none any more.
 */
export type DecodeJpeg = (input: string | Uint8Array, options: JpegOptions) => Promise<RawImage | null>
