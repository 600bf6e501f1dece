/**
 * Images that are decoded when they are asked for and given back afterwards: sets larger than memory. Any
 * order can be asked for, so training sees the same batches as from memory and needs no shuffle buffer.
 */
import pLimit from 'p-limit'
import { SimclrError } from '../addon/errors.ts'
import { loadAddon } from '../addon/load.ts'
import type { Dataset } from './dataset.ts'
import { explainSkipped, SkipReport } from './skipped.ts'
import type { StoredImages } from './store.ts'
import type { RawImage, Skipped } from './types.ts'

/**
 * As `StoredImages`, but slots are filled while images are held, an unusable image has its stand-in's class, and
 * `skipped` grows as images turn out unusable.
 */
export interface StreamedImages extends Omit<StoredImages, 'indices' | 'dispose'> {
  /**
   * Decodes these images into their slots, where they stay until given back as often as they were asked for.
   * The next usable image stands in for one that is not. Errors: ERR_SIMCLR_DATA when too many are unusable.
   */
  hold(indices: Uint32Array): Promise<void>
  /** False once an image has turned out unusable: another one is in its slot, which training takes and nothing else should. */
  isOwn(index: number): boolean
  /** Gives images back. */
  free(indices: Uint32Array): void
  dispose(): Promise<void>
}

/** An image that is held. */
interface Held {
  /** How often it was asked for and not given back. */
  times: number
  /** When it is there. */
  ready: Promise<void>
}

/** A set's images, each with the next usable one in its place where it turns out not to be. */
class UsableImages {
  /** Where one stands in for another, its class. */
  readonly labels: Int32Array | null
  readonly #set: Dataset
  readonly #report: SkipReport
  readonly #unusable = new Set<number>()

  constructor(set: Dataset) {
    this.#set = set
    this.#report = new SkipReport(set.name, set.count, set.options.maxSkipped)
    this.labels = set.labels && Int32Array.from(set.labels)
  }

  get skipped(): readonly Skipped[] {
    return this.#report.entries
  }

  /** Has it not turned out unusable? */
  has(index: number): boolean {
    return !this.#unusable.has(index)
  }

  /** Image `index`, or the first usable one after it. */
  async decode(index: number): Promise<RawImage> {
    const set = this.#set
    for (let at = index; at < index + set.count; at++) {
      const candidate = at % set.count
      if (!this.has(candidate)) continue
      try {
        const image = await set.read(candidate)
        if (this.labels) this.labels[index] = set.labels![candidate]!
        return image
      } catch (error) {
        if (!this.has(candidate)) continue // found so by another call meanwhile
        this.#unusable.add(candidate)
        this.#report.add(set.nameOf(candidate), error)
      }
    }
    const why = explainSkipped(this.#report.entries)
    throw new SimclrError('ERR_SIMCLR_DATA', `Expected images in ${set.name} but none is usable: ${why}`)
  }
}

/** `threads` decode at once. Throws ERR_SIMCLR_DATA for a set that can only be read from front to back (spool.ts). */
export function streamImages(set: Dataset, threads: number): StreamedImages {
  if (!set.source.read) {
    throw new SimclrError(
      'ERR_SIMCLR_DATA',
      `Expected a set whose images can be read in any order but ${set.name} can only be read from front to back. Unpack it, or make it a pack (simclr data pack).`,
    )
  }
  const store = new (loadAddon().ImageStore)(set.count, true)
  const limit = pLimit(Math.max(1, threads))
  const usable = new UsableImages(set)
  const held = new Map<number, Held>()

  const fill = async (index: number, entry: Held): Promise<void> => {
    const image = await limit(() => usable.decode(index))
    if (held.get(index) === entry) store.set(index, image) // else given back meanwhile
  }

  return {
    store,
    count: set.count,
    labels: usable.labels,
    classNames: set.classNames,
    get skipped() {
      return [...usable.skipped, ...set.ignored]
    },
    nameOf: (index) => set.nameOf(index),
    async hold(indices) {
      const waits: Promise<void>[] = []
      for (const index of indices) {
        const entry = held.get(index) ?? { times: 0, ready: Promise.resolve() }
        if (entry.times++ === 0) {
          held.set(index, entry)
          entry.ready = fill(index, entry)
          entry.ready.catch(() => {}) // told to those who wait below
        }
        waits.push(entry.ready)
      }
      await Promise.all(waits)
    },
    isOwn: (index) => usable.has(index),
    free(indices) {
      for (const index of indices) {
        const entry = held.get(index)
        if (!entry || --entry.times > 0) continue
        held.delete(index)
        if (store.has(index)) store.delete(index)
      }
    },
    async dispose() {
      held.clear()
      limit.clearQueue()
      store.dispose()
      await set.close()
    },
  }
}
