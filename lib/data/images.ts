/** From a data set to decoded images in native memory, the way training and evaluation want them. */

import { availableParallelism } from 'node:os'
import { SimclrError } from '../addon/errors.ts'
import type { DataFacts } from '../config/facts.ts'
import { heard } from './abort.ts'
import type { Dataset } from './dataset.ts'
import { decodeImage } from './decode.ts'
import { evenly } from './indices.ts'
import { countLabelled } from './labels.ts'
import { type DataInput, type OpenOptions, open } from './open.ts'
import type { SelectOptions } from './select.ts'
import { Spool } from './spool.ts'
import { type StoredImages, storeImages } from './store.ts'
import { streamImages } from './stream.ts'
import type { RawImage } from './types.ts'

export interface ReadOptions extends SelectOptions {
  /** Views' size, where it is known already; a function: by the images' usual shorter side (null: none can be read). */
  imageSize: number | undefined | ((usual: number | null) => number)
  maxSkipped?: number | undefined
  /** That decode; the cores there are by default. */
  threads?: number | undefined
  /** That decode streamed images; `threads` by default. */
  streamThreads?: number | undefined
  /** 'auto': where they would not fit into memory. Default 'auto'. */
  stream?: 'auto' | 'on' | 'off' | undefined
  signal?: AbortSignal | undefined
  onProgress?: ((progress: { name: string; done: number; total: number }) => void) | undefined
}

/** Decoded images in slots of a native store: all of them, or those that are held. */
export interface Images extends Omit<StoredImages, 'indices' | 'dispose'> {
  readonly name: string
  /** Usual shorter side, pixels. */
  readonly imageSize: number
  /** Not all are in memory: only held ones may be used. */
  readonly isStreamed: boolean
  /** Why there are no labels, where the source knows. */
  readonly whyUnlabelled: string | null
  hold(indices: Uint32Array): Promise<void>
  /** Whether a held image is itself; where it could not be used, another one stands in for it, for training. */
  isOwn(index: number): boolean
  free(indices: Uint32Array): void
  dispose(): void | Promise<void>
}

/** Some images of a set. */
export interface SomeImages {
  images: Images
  indices: Uint32Array
}

/** Larger images are decoded to twice the views' size: crops keep their detail, memory stays small. */
export function decodedSide(imageSize = 224): number {
  return 2 * imageSize
}

/**
 * Opens `data` and decodes it into memory, or, where it would not fit and `stream` allows it, prepares to decode
 * images when they are held; what can only be read from front to back is decoded to a file instead. Errors as `open`,
 * `Dataset.store`, `streamImages` and `spoolImages` have them.
 */
export async function readImages(data: DataInput, options: ReadOptions): Promise<Images> {
  const { imageSize, threads, streamThreads, signal, onProgress, stream = 'auto', ...selection } = options
  const { set, usual } = await openSized(data, imageSize, selection, signal)
  const told = ({ done, total }: { done: number; total: number }) =>
    onProgress?.({ name: set.name, done, total })
  const complete = async (images: Unsized, isRead: boolean) => {
    try {
      const imageSize = set.imageSize ?? usual ?? (await usualSide(images, signal))
      if (isRead) await set.close()
      return Object.assign(images, { name: set.name, whyUnlabelled: set.whyUnlabelled, imageSize })
    } catch (error) {
      await images.dispose()
      throw error
    }
  }
  const resident = (stored: StoredImages) => complete({ ...stored, ...alwaysHeld }, true)
  const storing = { threads, signal, onProgress: told }
  const streamed = () => {
    const images = streamImages(set, streamThreads ?? threads ?? availableParallelism())
    return complete(Object.assign(images, { isStreamed: true }), false)
  }
  try {
    if (!set.source.read) {
      const overflow = stream === 'off' ? undefined : () => Spool.create()
      const maxMemory = stream === 'on' ? 0 : undefined
      return await resident(await storeImages(set, { ...storing, overflow, maxMemory }))
    }
    if (stream === 'on') return await streamed()
    try {
      return await resident(await storeImages(set, storing))
    } catch (error) {
      const isTooLarge = error instanceof SimclrError && error.code === 'ERR_SIMCLR_OUT_OF_MEMORY'
      if (stream !== 'auto' || !isTooLarge) throw error
      return await streamed()
    }
  } catch (error) {
    await set.close().catch(() => {}) // what went wrong first is told
    throw error
  }
}

/**
 * Uses images while they are held, so many at a time. Those that turn out unusable are left out, not stood in for: what
 * is made of an image belongs to its name and its class.
 */
export async function inChunks(
  { images, indices }: SomeImages,
  work: (indices: Uint32Array) => Promise<void>,
  signal?: AbortSignal,
): Promise<void> {
  const chunk = images.isStreamed ? 256 : 1024
  for (let first = 0; first < indices.length; first += chunk) {
    const part = indices.slice(first, first + chunk)
    await heard(images.hold(part), signal)
    try {
      signal?.throwIfAborted()
      const own = part.filter((index) => images.isOwn(index))
      if (own.length > 0) await work(own)
    } finally {
      images.free(part)
    }
  }
}

/** Before its set has told the rest. */
type Unsized = Omit<Images, 'name' | 'imageSize' | 'whyUnlabelled'>

const alwaysHeld = { isStreamed: false, hold: async () => {}, isOwn: () => true, free: () => {} }

/** Opened to be decoded for views of that size; `usual`: the images' side, where it was looked for. */
async function openSized(
  data: DataInput,
  imageSize: ReadOptions['imageSize'],
  selection: OpenOptions,
  signal: AbortSignal | undefined,
): Promise<{ set: Dataset; usual: number | null }> {
  if (typeof imageSize !== 'function')
    return { set: await open(data, { shorterSide: decodedSide(imageSize), ...selection }), usual: null }
  const set = await open(data, { shorterSide: decodedSide(), ...selection })
  try {
    const usual = set.imageSize ?? (await sampledSide(set, signal))
    return { set: set.resized(decodedSide(imageSize(usual))), usual }
  } catch (error) {
    await set.close().catch(() => {})
    throw error
  }
}

/** What resolving has to know about them. */
export function dataFacts(
  { count, imageSize, labels, whyUnlabelled }: Images,
  isDefault: boolean,
): DataFacts {
  return { images: count, imageSize, labelled: countLabelled(labels) > 0, whyUnlabelled, isDefault }
}

/** Which images `count` is of: unusable ones show at once where all are kept, and else when their turn comes. */
export function countedImages(isStreamed: boolean): string {
  return isStreamed
    ? 'decoded when they are needed, those that cannot be used among them'
    : 'kept in memory, without those that cannot be used'
}

/** Images whose sizes are looked at. */
const sampled = 31

/**
 * Median shorter side of some images of a set, before it is read: evenly spread ones, or the first where it can only be
 * read from front to back. What cannot be read is told by whoever reads it all.
 */
async function sampledSide(set: Dataset, signal: AbortSignal | undefined): Promise<number | null> {
  const sides: number[] = []
  const look = ({ width, height }: RawImage) => sides.push(Math.min(width, height))
  if (set.source.read) {
    for (const index of evenly(set.count, sampled)) {
      const looked = set.read(index).then(look, () => {})
      await heard(looked, signal)
    }
  } else {
    for (const input of await set.peek(sampled, signal))
      await decodeImage(input, set.options).then(look, () => {})
  }
  return sides.length === 0 ? null : median(sides)
}

/** Median shorter side of some images. */
async function usualSide(
  { store, count, hold, free }: Unsized,
  signal: AbortSignal | undefined,
): Promise<number> {
  const indices = evenly(count, sampled)
  await heard(hold(indices), signal)
  const sides = Array.from(indices, (index) => {
    const { width, height } = store.get(index)
    return Math.min(width, height)
  })
  free(indices)
  return median(sides)
}

function median(values: number[]): number {
  return values.sort((a, b) => a - b)[values.length >> 1]!
}
