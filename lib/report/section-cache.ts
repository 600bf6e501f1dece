/** What a page shows of the images, kept until the run has written a newer encoder: it takes seconds to compute. */
import { stat } from 'node:fs/promises'
import { configPath } from '../run/folder.ts'
import { checkpointsPath, listCheckpoints } from '../weights/checkpoint.ts'
import { encoderPath } from '../weights/encoder-file.ts'

export class SectionCache<T> {
  readonly #folder: string
  readonly #make: (signal: AbortSignal) => Promise<T>
  readonly #closing = new AbortController()
  #kept: { state: string; value: T } | null = null
  #underWay: Promise<T> | null = null

  /** `make` may be asked to stop. */
  constructor(folder: string, make: (signal: AbortSignal) => Promise<T>) {
    this.#folder = folder
    this.#make = make
  }

  /** Computes at most once at a time: whoever asks meanwhile gets what is under way. What failed is tried again. */
  async get(): Promise<T> {
    const state = await stateOf(this.#folder)
    if (this.#kept?.state === state) return this.#kept.value
    this.#underWay ??= this.#compute(state).finally(() => {
      this.#underWay = null
    })
    return this.#underWay
  }

  /** Stops what is under way and waits for its end. */
  async close(): Promise<void> {
    this.#closing.abort()
    await this.#underWay?.catch(() => {})
  }

  async #compute(state: string): Promise<T> {
    const value = await this.#make(this.#closing.signal)
    this.#kept = { state, value }
    return value
  }
}

/** Another one wherever the sections may have become others. */
async function stateOf(folder: string): Promise<string> {
  const [newest = ''] = await listCheckpoints(checkpointsPath(folder))
  const files = [configPath(folder), encoderPath(folder), newest]
  const seen = files.map(async (file) => {
    const found = await stat(file).catch(() => null)
    return `${file} ${found?.ino} ${found?.mtimeMs}`
  })
  return (await Promise.all(seen)).join('\n')
}
