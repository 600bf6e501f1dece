/** What data are made of: images as they come, sources of them, and what had to be left out. */
import type { RawImage } from '../addon/interface.ts'

export type { RawImage }

/**
 * An image as it comes: the bytes of an image file, the path or file: URL of one, or raw 8-bit pixels. Clamped pixels
 * are a canvas's (ImageData): RGBA unless `channels` says otherwise.
 */
export type ImageInput =
  | Uint8Array
  | ArrayBuffer
  | string
  | URL
  | RawImage
  | { data: Uint8ClampedArray; width: number; height: number; channels?: 1 | 3 | 4 }

/**
 * Where images come from. Implement it to read anything: `name`, `count` and one of `read` and `stream` are enough.
 *
 * ```ts
 * const source: ImageSource = {
 *   name: 'database',
 *   count: rows.length,
 *   read: async (index) => (await db.get(rows[index])).jpeg,   // bytes of a JPEG, PNG, …; a path; or raw pixels
 * }
 * await train({ data: source })
 * ```
 */
export interface ImageSource {
  /** What messages call it. */
  readonly name: string
  readonly count: number
  /** Class of each image, 0 to `classNames.length - 1`; -1 where it has none. Left out or null: unlabelled. */
  readonly labels?: ArrayLike<number> | null
  readonly classNames?: readonly string[] | null
  /** Height = width in pixels where all images are square and of one size. */
  readonly imageSize?: number | null
  /** What was found but is no image, or cannot be one. */
  readonly ignored?: readonly Skipped[]
  /** Name of an image in reports and in `X.files.txt`: its path, its key. Default: the source's name and the index. */
  nameOf?(index: number): string
  /**
   * Image `index`, at any time and in any order; several are asked for at once. An error skips this image; a
   * `SimclrError` stops.
   */
  read?(index: number): ImageInput | Promise<ImageInput>
  /** All images from first to last, for what cannot be read in another order. Used where `read` is left out. */
  stream?(): Iterable<ImageInput> | AsyncIterable<ImageInput>
  /** Frees what `read` needs. */
  close?(): void | Promise<void>
}

/** Why an image could not be used. */
export type SkipReason =
  /** Not an image at all, by its first bytes. */
  | 'not an image'
  /** An image of a kind that is not read. */
  | 'unsupported format'
  /** A file of no bytes. */
  | 'empty'
  /** It ends too early. */
  | 'truncated'
  | 'corrupt'
  /** More pixels, or more bytes, than are allowed. */
  | 'too large'
  /** It was there when the source was opened. */
  | 'vanished'
  /** The file system, or the source, gave an error. */
  | 'unreadable'

export interface Skipped {
  /** `nameOf` the image. */
  name: string
  reason: SkipReason
  /** What the decoder or the file system said; may be empty. */
  detail: string
}

/** Thrown inside lib/data for one image that cannot be used; whoever reads a set turns it into a {@link Skipped}. */
export class UnusableImage extends Error {
  readonly reason: SkipReason

  constructor(reason: SkipReason, detail: string, options?: { cause?: unknown }) {
    super(detail, options)
    this.name = 'UnusableImage'
    this.reason = reason
  }
}
