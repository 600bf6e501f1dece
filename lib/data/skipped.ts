/** What a set had to leave out: collected, told in one line, and the end of the run where it is too much. */
import { SimclrError } from '../addon/errors.ts'
import { type Skipped, type SkipReason, UnusableImage } from './types.ts'

/** Collects what is skipped of `total` images, and throws once more than the share allows are. */
export class SkipReport {
  readonly entries: Skipped[] = []
  readonly #source: string
  readonly #total: number
  readonly #maxShare: number

  /** `maxShare`: 0 stops at the first image that cannot be used, 1 never. */
  constructor(source: string, total: number, maxShare: number) {
    this.#source = source
    this.#total = total
    this.#maxShare = maxShare
  }

  /** Throws ERR_SIMCLR_DATA where it is one too many; what is not about this one image is thrown on. */
  add(name: string, error: unknown): void {
    if (error instanceof SimclrError) throw error
    const { reason, message } =
      error instanceof UnusableImage ? error : { reason: 'unreadable' as const, message: String(error) }
    this.entries.push({ name, reason, detail: message })
    const count = this.entries.length
    if (count <= this.#maxShare * this.#total) return
    throw new SimclrError(
      'ERR_SIMCLR_DATA',
      `Expected at most ${percent(this.#maxShare)} of the ${this.#total} images of ${this.#source} to be unusable but ` +
        `${count} already are: ${summarizeSkipped(this.entries)}. Remove them, or raise \`maxSkipped\`.`,
      { cause: error },
    )
  }
}

/** `3 truncated (a.jpg, b.jpg, c.jpg), 1 empty (d.png)`, with at most `names` names a reason. */
export function summarizeSkipped(skipped: readonly Skipped[], names = 5): string {
  const byReason = new Map<SkipReason, string[]>()
  for (const { reason, name } of skipped) byReason.set(reason, [...(byReason.get(reason) ?? []), name])
  return [...byReason]
    .map(([reason, all]) => {
      const more = all.length > names ? `, and ${all.length - names} more` : ''
      return `${all.length} ${reason} (${all.slice(0, names).join(', ')}${more})`
    })
    .join(', ')
}

function percent(share: number): string {
  return `${Number((100 * share).toFixed(2))} %`
}
