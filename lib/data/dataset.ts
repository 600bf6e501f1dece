/** A set of images that has been opened: known by name, count and class, decoded when asked for. */
import { availableParallelism } from 'node:os'
import { pMapIterable } from 'p-map'
import { SimclrError } from '../addon/errors.ts'
import { loadSharp } from '../io/sharp.ts'
import { Turn } from '../io/turn.ts'
import { heard, heardValues } from './abort.ts'
import { type DecodeOptions, decodeImage } from './decode.ts'
import type { Selection } from './select.ts'
import { whyUnlabelled } from './sources/classes.ts'
import type { ImageInput, ImageSource, RawImage, Skipped } from './types.ts'

export interface DatasetOptions extends DecodeOptions {
  /** Share of the images that may turn out unusable. */
  maxSkipped: number
}

export interface PassOptions {
  /** Default: the cores there are. */
  threads?: number | undefined
  /** Ends the pass with its reason, also while the source does not answer. */
  signal?: AbortSignal | undefined
}

/** One image of a pass over a set: what was made of it, or why nothing could be. */
export type Passed<T> =
  | { index: number; value: T; error?: undefined }
  | { index: number; value?: undefined; error: unknown }

/** What `describe` tells. */
export interface DatasetDescription {
  name: string
  count: number
  /** Height = width where all images are square and of one size, else null. */
  imageSize: number | null
  /** Images of each class; null for a set without labels. */
  classes: { name: string; count: number }[] | null
  /** Files that were found beside the images. */
  ignored: readonly Skipped[]
  /** Why there are no classes, where the source knows. */
  whyUnlabelled: string | null
}

export class Dataset {
  readonly name: string
  /** Images, before any turn out unusable. */
  readonly count: number
  /** Class of each image, -1 = none; null for a set without labels. */
  readonly labels: Int32Array | null
  readonly classNames: readonly string[] | null
  /** Why it has no labels, where its source knows. */
  readonly whyUnlabelled: string | null
  /** Height = width in pixels where all images are square and of one size, else null. */
  readonly imageSize: number | null
  /** What was found beside the images: names of files that are none, folders that cannot be read. */
  readonly ignored: readonly Skipped[]
  readonly options: DatasetOptions
  /** For lib/data only. */
  readonly source: ImageSource
  /** Which of the source's images; null: all. For lib/data only. */
  readonly indices: Uint32Array | null
  /** A pass that `peek` has begun, and what it has come to: a stream may be there once. */
  #begun: { first: ImageInput[]; rest: AsyncGenerator<ImageInput> } | null = null
  #closed = false

  constructor(source: ImageSource, selection: Selection, options: DatasetOptions) {
    this.source = source
    this.options = options
    this.name = source.name
    this.indices = selection.indices
    this.labels = selection.labels
    this.classNames = selection.classNames
    this.whyUnlabelled = whyUnlabelled(source)
    this.count = selection.indices?.length ?? source.count
    this.imageSize = source.imageSize ?? null
    this.ignored = source.ignored ?? []
  }

  /** Name of an image: its path, or its key inside an archive. */
  nameOf(index: number): string {
    const at = this.indices ? this.indices[index]! : index
    return this.source.nameOf?.(at) ?? `${this.name} ${at}`
  }

  /** Decodes one image. Rejects with the reason where it cannot be used; ERR_SIMCLR_DATA where it cannot be reached alone. */
  async read(index: number): Promise<RawImage> {
    if (!this.source.read) {
      throw new SimclrError(
        'ERR_SIMCLR_DATA',
        `${this.name} can only be read from front to back. Unpack it, or make it a pack (simclr data pack).`,
      )
    }
    const input = await this.source.read(this.indices ? this.indices[index]! : index)
    return decodeImage(input, this.options)
  }

  /** The first inputs of a source that can only be read from front to back; the next pass begins with them. */
  async peek(most: number, signal?: AbortSignal): Promise<readonly ImageInput[]> {
    const { source } = this
    const rest = (async function* () {
      yield* source.stream!()
    })()
    const first: ImageInput[] = []
    try {
      while (first.length < most) {
        const { done, value } = await heard(rest.next(), signal)
        if (done) break
        first.push(value)
      }
    } catch (error) {
      rest.return(undefined).catch(() => {}) // not waited for: it may never answer
      throw error
    }
    this.#begun = { first, rest }
    return first
  }

  /** The same set, decoded to another size. This one is not used any more. */
  resized(shorterSide: number | null): Dataset {
    const other = new Dataset(this.source, this, { ...this.options, shorterSide })
    other.#begun = this.#begun
    this.#begun = null
    return other
  }

  /** One pass over all images in order, decoded. */
  decoded(pass: PassOptions = {}): AsyncIterable<Passed<RawImage>> {
    return this.each((input) => decodeImage(input, this.options), pass)
  }

  /**
   * One pass over all images in order. `work` runs for several at once, so that with sharp's own threads at most
   * `threads` are busy. Bounded memory: the pass waits for whoever takes its results.
   */
  each<T>(
    work: (input: ImageInput) => Promise<T>,
    { threads = availableParallelism(), signal }: PassOptions = {},
  ): AsyncIterable<Passed<T>> {
    const attempt = async (
      index: number,
      input: () => ImageInput | Promise<ImageInput>,
    ): Promise<Passed<T>> => {
      try {
        return { index, value: await work(await input()) }
      } catch (error) {
        return { index, error }
      }
    }
    const concurrency = Math.max(1, Math.floor(threads / Math.max(1, loadSharp().concurrency())))
    const limits = { concurrency, backpressure: 4 * concurrency }
    const { source, indices } = this
    if (source.read) {
      const readAt = (index: number) => source.read!(indices ? indices[index]! : index)
      const all = Array.from({ length: this.count }, (_, index) => index)
      const read = pMapIterable(all, (index) => attempt(index, () => readAt(index)), limits)
      return breathing(heardValues(read, signal))
    }
    const streamed = pMapIterable(this.#streamed(), ([index, input]) => attempt(index, () => input), limits)
    return breathing(heardValues(streamed, signal))
  }

  describe(): DatasetDescription {
    const { name, count, imageSize, ignored, labels, classNames, whyUnlabelled } = this
    const counts = new Array<number>(classNames?.length ?? 0).fill(0)
    for (const label of labels ?? []) if (label >= 0) counts[label]! += 1
    const classes = labels && classNames ? classNames.map((name, i) => ({ name, count: counts[i]! })) : null
    return { name, count, imageSize, classes, ignored, whyUnlabelled }
  }

  /** Closes the files that are open. A second time nothing happens. */
  async close(): Promise<void> {
    if (this.#closed) return
    this.#closed = true
    try {
      await this.#begun?.rest.return(undefined)
    } finally {
      await this.source.close?.()
    }
  }

  async *#pass(): AsyncGenerator<ImageInput> {
    const begun = this.#begun
    if (begun === null) return yield* this.source.stream!()
    this.#begun = null
    try {
      yield* begun.first
      yield* begun.rest
    } finally {
      await begun.rest.return(undefined)
    }
  }

  async *#streamed(): AsyncGenerator<[number, ImageInput]> {
    const { indices, source } = this
    let at = 0
    let index = 0
    for await (const input of this.#pass()) {
      if (indices === null || indices[index] === at) {
        yield [index, input]
        index += 1
        if (index === this.count) return
      }
      at += 1
    }
    const due = `${source.count} images of ${this.name}`
    throw new SimclrError('ERR_SIMCLR_DATA', `Expected ${due} but it ended after ${at}. Open it again.`)
  }
}

/** What is in memory never waits by itself. */
async function* breathing<T>(values: AsyncIterable<T>): AsyncGenerator<T> {
  const turn = new Turn()
  for await (const value of values) {
    yield value
    if (turn.isOver) await turn.next()
  }
}
