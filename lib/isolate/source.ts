/** An image source across processes: the app's end answers what the training process asks for. */
import { isNamed } from '../config/data-input.ts'
import { plainInput } from '../data/input.ts'
import { type DataInput, sourceOf } from '../data/open.ts'
import { integersOf } from '../data/select.ts'
import type { ImageInput, ImageSource } from '../data/types.ts'
import type { BySource, SourceFacts, SourceName, SourceRequest } from './messages.ts'

/** The app's end. */
interface ServedSource {
  facts: SourceFacts
  answer(request: SourceRequest): Promise<ImageInput | null>
  close(): Promise<void>
}

/** Opens data that are more than a name; errors as `open` has them. */
async function serveSource(data: Exclude<DataInput, string>): Promise<ServedSource> {
  const source = await sourceOf(data)
  const { name, count, labels, classNames = null, imageSize = null, ignored = [] } = source
  let pass: AsyncIterator<ImageInput> | null = null
  return {
    facts: {
      ...{ name, count, classNames, imageSize, ignored },
      labels: labels ? integersOf(labels) : null,
      names: source.nameOf ? Array.from({ length: count }, (_, index) => source.nameOf!(index)) : null,
      access: source.read ? 'read' : 'stream',
    },
    async answer(request) {
      if (request.type === 'read') return plainInput(await source.read!(request.index)) // a URL cannot be sent
      if (request.first) {
        await pass?.return?.()
        pass = values(source.stream!())
      }
      const { done, value } = await pass!.next()
      return done ? null : plainInput(value)
    },
    async close() {
      await pass?.return?.()
      await source.close?.()
    },
  }
}

/** The app's end of all that are its own. */
export class ServedSources {
  readonly #sources: BySource<ServedSource> = {}

  /** Opens data that are more than a name; errors as `open` has them. */
  static async open(inputs: BySource<DataInput | null | undefined>): Promise<ServedSources> {
    const served = new ServedSources()
    try {
      for (const name of ['data', 'validation'] as const) {
        const data = inputs[name]
        if (!isNamed(data)) served.#sources[name] = await serveSource(data)
      }
      return served
    } catch (error) {
      await served.close().catch(() => {}) // what went wrong first is told
      throw error
    }
  }

  get facts(): BySource<SourceFacts> {
    const { data, validation } = this.#sources
    return { ...(data && { data: data.facts }), ...(validation && { validation: validation.facts }) }
  }

  answer(source: SourceName, request: SourceRequest): Promise<ImageInput | null> {
    return this.#sources[source]!.answer(request)
  }

  async close(): Promise<void> {
    try {
      await this.#sources.data?.close()
    } finally {
      await this.#sources.validation?.close()
    }
  }
}

/** The training process's end. */
export function remoteSource(
  facts: SourceFacts,
  ask: (request: SourceRequest) => Promise<ImageInput | null>,
): ImageSource {
  const { names, access, ...known } = facts
  async function* stream() {
    let first = true
    for (;;) {
      const image = await ask({ type: 'next', first })
      if (image === null) return
      first = false
      yield image
    }
  }
  return {
    ...known,
    ...(names ? { nameOf: (index: number) => names[index]! } : {}),
    ...(access === 'stream'
      ? { stream }
      : { read: async (index: number) => (await ask({ type: 'read', index }))! }),
  }
}

async function* values<T>(iterable: Iterable<T> | AsyncIterable<T>): AsyncGenerator<T> {
  yield* iterable
}
