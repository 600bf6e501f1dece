/** From a data set to decoded images in native memory, the way training and evaluation want them. */
import type { DataFacts } from '../config/resolve.ts'
import { type DataInput, open } from '../data/open.ts'
import type { StoredImages } from '../data/store.ts'

export interface ReadOptions {
  /** Views' size, where it is known already. */
  imageSize: number | undefined
  limit?: number | undefined
  limitPerClass?: number | undefined
  maxSkipped?: number | undefined
  /** Classes in this order. */
  classNames?: readonly string[] | undefined
  threads?: number | undefined
  signal?: AbortSignal | undefined
  onProgress?: ((progress: { name: string; done: number; total: number }) => void) | undefined
}

export interface Images extends StoredImages {
  readonly name: string
  /** Usual shorter side, pixels. */
  readonly imageSize: number
}

/** Larger images are decoded to twice the views' size: crops keep their detail, memory stays small. */
export function decodedSide(imageSize = 224): number {
  return 2 * imageSize
}

/** Opens and decodes `data`. Errors as `open` and `Dataset.store` have them. */
export async function readImages(data: DataInput, options: ReadOptions): Promise<Images> {
  const { imageSize, threads, signal, onProgress, ...selection } = options
  const set = await open(data, { shorterSide: decodedSide(imageSize), ...selection })
  try {
    const stored = await set.store({
      threads,
      signal,
      onProgress: ({ done, total }) => onProgress?.({ name: set.name, done, total }),
    })
    return { ...stored, name: set.name, imageSize: set.imageSize ?? usualSide(stored) }
  } finally {
    await set.close()
  }
}

/** What resolving has to know about them. */
export function dataFacts({ count, imageSize, labels }: Images, isDefault: boolean): DataFacts {
  return { images: count, imageSize, labelled: labels?.some((label) => label >= 0) ?? false, isDefault }
}

/** Median shorter side of some images. */
function usualSide({ store, count }: StoredImages): number {
  const looked = Math.min(count, 31)
  const sides = Array.from({ length: looked }, (_, i) => {
    const { width, height } = store.get(Math.floor((i * count) / looked))
    return Math.min(width, height)
  })
  return sides.sort((a, b) => a - b)[looked >> 1]!
}
