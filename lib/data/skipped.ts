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
    this.entries.push(skippedBy(error, name))
    const count = this.entries.length
    if (count <= this.#maxShare * this.#total) return
    throw new SimclrError(
      'ERR_SIMCLR_DATA',
      `Expected at most ${percent(this.#maxShare)} of the ${this.#total} images of ${this.#source} to be unusable but ` +
        `${count} already are: ${explainSkipped(this.entries)} Remove them, or raise \`maxSkipped\` (--max-skipped).`,
      { cause: error },
    )
  }
}

/** The entry of an image that `error` came of; what is not about this one image is thrown on. */
export function skippedBy(error: unknown, name: string): Skipped {
  if (error instanceof SimclrError) throw error
  if (error instanceof UnusableImage) return { name, reason: error.reason, detail: error.message }
  const detail = error instanceof Error ? error.message || error.name : String(error)
  return { name, reason: 'unreadable', detail }
}

/** `summarizeSkipped`, and what was said about the first: the cause of most is one. */
export function explainSkipped(skipped: readonly Skipped[]): string {
  const summary = `${summarizeSkipped(skipped)}.`
  const [first] = skipped
  if (first === undefined || first.detail === '') return summary
  const stop = /[.!?]$/.test(first.detail) ? '' : '.'
  return `${summary} The first, ${first.name}: ${first.detail}${stop}`
}

export function namesByReason(skipped: readonly Skipped[]): Map<SkipReason, string[]> {
  const names = new Map<SkipReason, string[]>()
  for (const { reason, name } of skipped) {
    const all = names.get(reason)
    if (all) all.push(name)
    else names.set(reason, [name])
  }
  return names
}

/** `3 truncated (a.jpg, b.jpg, c.jpg), 1 empty (d.png)`, with at most `names` names a reason. */
export function summarizeSkipped(skipped: readonly Skipped[], names = 5): string {
  return [...namesByReason(skipped)]
    .map(([reason, all]) => {
      const more = all.length > names ? `, and ${all.length - names} more` : ''
      return `${all.length} ${reason} (${all.slice(0, names).join(', ')}${more})`
    })
    .join(', ')
}

function percent(share: number): string {
  return `${Number((100 * share).toFixed(2))} %`
}
