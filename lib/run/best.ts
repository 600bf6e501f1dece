/**
 * best.safetensors: the encoder with which a run did best on held-out images. Its metadata say how well it did, by what
 * and after which step, so that a run that goes on replaces it by better ones only.
 */
import { exists } from '../io/exists.ts'
import { output } from '../io/output.ts'
import { readSafetensorsHeader } from '../io/safetensors.ts'
import { type EncoderWeights, writeEncoder } from '../weights/encoder-file.ts'
import type { EpochEvent } from './events.ts'

/** What a best.safetensors says of itself; null where there is none. */
export async function readBest(path: string): Promise<(Best & { by: string | undefined }) | null> {
  if (!(await exists(path))) return null
  const { step, validation, by } = (await readSafetensorsHeader(path)).metadata
  return { path, step: Number(step), accuracy: Number(validation), by }
}

/** The encoder that did best on held-out images. */
export interface Best {
  /** best.safetensors, absolute; `Encoder.load` takes it. */
  path: string
  /** Steps done then. */
  step: number
  /** On the held-out images, 0 to 1. */
  accuracy: number
}

/** What finds the best encoder. */
export interface Judge {
  /** Metric and images, in words; behind the first how the same was written before. */
  by: readonly string[]
}

export class BestEncoder {
  readonly #path: string
  readonly #by: string
  #best: Best | null

  private constructor(path: string, by: string, best: Best | null) {
    this.#path = path
    this.#by = by
    this.#best = best
  }

  /**
   * `path` is where it lies, of a run that goes on; one that was found by another metric or on other images counts for nothing.
   * Throws ERR_SIMCLR_IO, ERR_SIMCLR_CORRUPT_FILE.
   */
  static async open(path: string, { by }: Judge): Promise<BestEncoder> {
    const kept = await readBest(path)
    const isSame = kept?.by !== undefined && by.includes(kept.by)
    const best = isSame ? { path, step: kept.step, accuracy: kept.accuracy } : null
    return new BestEncoder(path, by[0]!, best)
  }

  get best(): Best | null {
    return this.#best
  }

  /** Keeps the encoder after `step` steps if none was as good. Returns whether it did. Throws ERR_SIMCLR_IO. */
  async offer(accuracy: number, step: number, weights: () => Promise<EncoderWeights>): Promise<boolean> {
    if (this.#best && accuracy <= this.#best.accuracy) return false
    const made = { step, validation: accuracy, by: this.#by }
    const taken = await weights()
    await output(this.#path, () => writeEncoder(this.#path, taken, made))
    this.#best = { path: this.#path, step, accuracy }
    return true
  }

  /** How often the run has been validated since, without doing better. */
  since(history: readonly EpochEvent[]): number {
    const from = this.#best?.step ?? Infinity
    return history.filter(({ validation, step }) => validation != null && step > from).length
  }
}
