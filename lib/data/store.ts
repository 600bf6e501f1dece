/** From a set to decoded images in native memory. */

import { SimclrError } from '../addon/errors.ts'
import type { NativeImageStore } from '../addon/interface.ts'
import { loadAddon } from '../addon/load.ts'
import { placement } from '../launch/placement.ts'
import type { Dataset, DatasetOptions } from './dataset.ts'
import { sequence } from './indices.ts'
import { explainSkipped, SkipReport } from './skipped.ts'
import type { ImageSource, Skipped } from './types.ts'

export interface StoreOptions {
  signal?: AbortSignal | undefined
  /** Told now and then, and at the end. */
  onProgress?: ((progress: { done: number; total: number; skipped: number }) => void) | undefined
  /** Threads that decode. Default: the cores there are. */
  threads?: number | undefined
  /** Bytes the decoded images may take. Default: 80 % of the memory that is available, shared by the ranks of this machine. */
  maxMemory?: number | undefined
}

/** Decoded images in slots 0 .. count-1 of a native store, and what belongs to each. */
export interface StoredImages {
  readonly store: NativeImageStore
  readonly count: number
  /** Class of each image, -1 = none; null for a set without labels. */
  readonly labels: Int32Array | null
  readonly classNames: readonly string[] | null
  /** Images that could not be used, and files that are none. */
  readonly skipped: readonly Skipped[]
  nameOf(index: number): string
  /** Index in the data set (after its limits) of each image. */
  readonly indices: Uint32Array
  dispose(): void
}

/** A source that can fill a store without handing every image to JavaScript. */
export interface NativeSource extends ImageSource {
  /** Its images stay in a file: they need no memory. */
  readonly mapped?: boolean
  /** Fills the store's slots with the images at `indices` (null: all); false where it cannot and does nothing. */
  fill(store: NativeImageStore, indices: Uint32Array | null, options: DatasetOptions): Promise<boolean>
}

/**
 * Decodes every image into native memory. Images that cannot be used are left out and listed; the images keep
 * their order. Errors: ERR_SIMCLR_DATA when too many are unusable or none is left, ERR_SIMCLR_OUT_OF_MEMORY
 * when the set would not fit.
 */
export async function storeImages(set: Dataset, options: StoreOptions = {}): Promise<StoredImages> {
  const { signal } = options
  signal?.throwIfAborted()
  const native = 'fill' in set.source ? (set.source as NativeSource) : null
  const budget = new Budget(set, options.maxMemory)
  const { ImageStore } = loadAddon()
  const store = new ImageStore(set.count)
  const stop = () => store.dispose() // ends a native fill
  signal?.addEventListener('abort', stop)
  try {
    if (native && (await native.fill(store, set.indices, set.options))) {
      options.onProgress?.({ done: set.count, total: set.count, skipped: 0 })
      signal?.throwIfAborted() // by who was just told: the store is gone
      return stored(set, store, sequence(set.count), [])
    }
    const report = new SkipReport(set.name, set.count, set.options.maxSkipped)
    const kept: number[] = []
    let told = 0
    for await (const { index, value, error } of set.decoded(options)) {
      if (value === undefined) {
        report.add(set.nameOf(index), error)
      } else {
        store.set(kept.length, value)
        kept.push(index)
        budget.check(store.bytes, index + 1)
      }
      const now = performance.now()
      if (now - told > 100 || index + 1 === set.count) {
        options.onProgress?.({ done: index + 1, total: set.count, skipped: report.entries.length })
        told = now
      }
    }
    if (kept.length === 0) throw nothingUsable(set, report)
    return stored(set, store, Uint32Array.from(kept), report.entries)
  } catch (error) {
    store.dispose()
    signal?.throwIfAborted() // what went wrong after an abort is no news
    throw error
  } finally {
    signal?.removeEventListener('abort', stop)
  }
}

function stored(
  set: Dataset,
  store: NativeImageStore,
  indices: Uint32Array,
  skipped: Skipped[],
): StoredImages {
  return {
    store,
    indices,
    count: indices.length,
    labels: set.labels && Int32Array.from(indices, (at) => set.labels![at]!),
    classNames: set.classNames,
    skipped: [...skipped, ...set.ignored],
    nameOf: (index) => set.nameOf(indices[index]!),
    dispose: () => store.dispose(),
  }
}

function nothingUsable(set: Dataset, report: SkipReport): SimclrError {
  const found = report.entries.length > 0 ? explainSkipped(report.entries) : 'no images.'
  return new SimclrError('ERR_SIMCLR_DATA', `Expected images in ${set.name} but none is usable: ${found}`)
}

/** Stops a set that would not fit, as soon as that shows. */
class Budget {
  readonly #set: Dataset
  readonly #bytes: number

  constructor(set: Dataset, maxMemory: number | undefined) {
    this.#set = set
    this.#bytes = maxMemory ?? (0.8 * process.availableMemory()) / (placement()?.localSize ?? 1)
    const mapped = (set.source as Partial<NativeSource>).mapped ?? false
    if (set.imageSize !== null && !mapped) this.#need(set.count * set.imageSize ** 2)
  }

  /**
   * `bytes` are held by the first `images` images. From 100 on the rest is expected to take at least two thirds
   * of what they take.
   */
  check(bytes: number, images: number): void {
    const rest = images < 100 ? 0 : (bytes / images) * (this.#set.count - images)
    this.#need(bytes + rest / 1.5)
  }

  #need(bytes: number): void {
    if (bytes <= this.#bytes) return
    const gigabytes = (n: number) => `${(n / 1e9).toFixed(1)} GB`
    const { shorterSide } = this.#set.options
    throw new SimclrError(
      'ERR_SIMCLR_OUT_OF_MEMORY',
      `Expected the ${this.#set.count} images of ${this.#set.name} to fit into ${gigabytes(this.#bytes)} of memory but they ` +
        `need about ${gigabytes(bytes)} once decoded. Lower \`shorterSide\` (now ${shorterSide ?? 'off'}), use \`limit\`, ` +
        `let \`stream\` be 'auto', or pack them (simclr data pack): a pack of pixels is read from its file.`,
    )
  }
}
