/** From a set to decoded images in native memory. */

import { SimclrError } from '../addon/errors.ts'
import type { NativeImageStore } from '../addon/interface.ts'
import { loadAddon } from '../addon/load.ts'
import { placement } from '../launch/placement.ts'
import type { Dataset, DatasetOptions } from './dataset.ts'
import { sequence } from './indices.ts'
import { explainSkipped, SkipReport } from './skipped.ts'
import type { ImageSource, RawImage, Skipped } from './types.ts'

export interface StoreOptions {
  signal?: AbortSignal | undefined
  /** Told now and then, and at the end. */
  onProgress?: ((progress: { done: number; total: number; skipped: number }) => void) | undefined
  /** Threads that decode. Default: the cores there are. */
  threads?: number | undefined
  /** Bytes the decoded images may take. Default: 80 % of the memory that is available, shared by the ranks of this machine. */
  maxMemory?: number | undefined
  /** Opens what takes the images where memory has no room for them; without, that is an error. */
  overflow?: (() => Promise<Overflow>) | undefined
}

/** Where images go that memory has no room for. */
export interface Overflow extends AsyncDisposable {
  /** The next image. */
  add(image: RawImage): Promise<void>
  /** All of them, in order. */
  finish(): Promise<NativeImageStore>
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
 * Decodes every image into native memory, or where `overflow` has it. Images that cannot be used are left out and listed;
 * the images keep their order. The set is read once. Errors: ERR_SIMCLR_DATA when too many are unusable or none is left,
 * ERR_SIMCLR_OUT_OF_MEMORY when the set would not fit, and those of `overflow`.
 */
export async function storeImages(set: Dataset, options: StoreOptions = {}): Promise<StoredImages> {
  const { signal } = options
  signal?.throwIfAborted()
  const native = 'fill' in set.source ? (set.source as NativeSource) : null
  const budget = new Budget(set, options.maxMemory)
  let excess = budget.excessBefore()
  if (excess !== null && !options.overflow) throw excess
  const { ImageStore } = loadAddon()
  const store = new ImageStore(set.count)
  let overflow: Overflow | null = null
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
      } else if (overflow !== null) {
        await overflow.add(value)
        kept.push(index)
      } else {
        store.set(kept.length, value)
        kept.push(index)
        excess ??= budget.excess(store.bytes, index + 1)
        if (excess !== null) overflow = await moveTo(options.overflow, store, kept.length, excess)
      }
      const now = performance.now()
      if (now - told > 100 || index + 1 === set.count) {
        options.onProgress?.({ done: index + 1, total: set.count, skipped: report.entries.length })
        told = now
      }
    }
    if (kept.length === 0) throw nothingUsable(set, report)
    if (overflow === null) return stored(set, store, Uint32Array.from(kept), report.entries)
    store.dispose()
    return stored(set, await overflow.finish(), Uint32Array.from(kept), report.entries)
  } catch (error) {
    store.dispose()
    signal?.throwIfAborted() // what went wrong after an abort is no news
    throw error
  } finally {
    signal?.removeEventListener('abort', stop)
    await overflow?.[Symbol.asyncDispose]()
  }
}

/** The store's first `count` images go there. Throws `excess` where there is nowhere to go. */
async function moveTo(
  open: StoreOptions['overflow'],
  store: NativeImageStore,
  count: number,
  excess: SimclrError,
): Promise<Overflow> {
  if (!open) throw excess
  const overflow = await open()
  try {
    for (let index = 0; index < count; index++) {
      await overflow.add(store.get(index))
      store.delete(index)
    }
    return overflow
  } catch (error) {
    await overflow[Symbol.asyncDispose]()
    throw error
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

/** Tells of a set that would not fit, as soon as that shows. */
class Budget {
  readonly #set: Dataset
  readonly #bytes: number
  readonly #isMapped: boolean

  constructor(set: Dataset, maxMemory: number | undefined) {
    this.#set = set
    this.#bytes = maxMemory ?? (0.8 * process.availableMemory()) / (placement()?.localSize ?? 1)
    this.#isMapped = (set.source as Partial<NativeSource>).mapped ?? false
  }

  /** Known before anything is read. */
  excessBefore(): SimclrError | null {
    const { imageSize, count } = this.#set
    return imageSize === null || this.#isMapped ? null : this.#beyond(count * imageSize ** 2)
  }

  /**
   * `bytes` are held by the first `images` images. From 100 on the rest is expected to take at least two thirds
   * of what they take.
   */
  excess(bytes: number, images: number): SimclrError | null {
    const rest = images < 100 ? 0 : (bytes / images) * (this.#set.count - images)
    return this.#beyond(bytes + rest / 1.5)
  }

  #beyond(bytes: number): SimclrError | null {
    if (bytes <= this.#bytes) return null
    const gigabytes = (n: number) => `${(n / 1e9).toFixed(1)} GB`
    const { shorterSide } = this.#set.options
    return new SimclrError(
      'ERR_SIMCLR_OUT_OF_MEMORY',
      `Expected the ${this.#set.count} images of ${this.#set.name} to fit into ${gigabytes(this.#bytes)} of memory but they ` +
        `need about ${gigabytes(bytes)} once decoded. Lower \`shorterSide\` (now ${shorterSide ?? 'off'}), use \`limit\`, ` +
        `let \`stream\` be 'auto', or pack them (simclr data pack): a pack of pixels is read from its file.`,
    )
  }
}
