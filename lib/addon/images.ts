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

export interface JpegLimits {
  /** Files of more pixels are declined. */
  maxPixels: number
  /** Files whose shorter side has more pixels are declined; null: none is. */
  maxShorterSide: number | null
}

/**
 * Decodes a file, given by its path or its bytes, on one of libuv's threads. Null for what is not an ordinary, intact
 * JPEG within the limits, and for everything in a build without libjpeg-turbo: native/core/image/jpeg.h says what.
 *
 * The image's pixels stay in native memory until `data` is looked at, and `NativeImageStore.set` takes them from there:
 * then the image has none any more.
 */
export type DecodeJpeg = (input: string | Uint8Array, limits: JpegLimits) => Promise<RawImage | null>
