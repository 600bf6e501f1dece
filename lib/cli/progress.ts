/** A progress bar on stderr, drawn only where a person watches. */
import { SingleBar } from 'cli-progress'
import { formatBytes } from '../format.ts'

/** A bar in bytes whose total may be unknown at first; call `stop` before anything else is printed. */
export class ByteBar {
  readonly #label: string
  #bar: SingleBar | null = null

  constructor(label: string) {
    this.#label = label
  }

  update(bytes: number, total: number | null): void {
    if (!process.stderr.isTTY) return
    if (this.#bar === null) {
      this.#bar = new SingleBar({
        stream: process.stderr,
        hideCursor: true,
        clearOnComplete: true,
        format: `${this.#label} {bar} {percentage}% {done} of {all}, {eta_formatted} left`,
      })
      this.#bar.start(total ?? 0, 0, { done: '', all: '' })
    }
    if (total !== null) this.#bar.setTotal(total)
    this.#bar.update(bytes, { done: formatBytes(bytes), all: total === null ? '?' : formatBytes(total) })
  }

  stop(): void {
    this.#bar?.stop()
    this.#bar = null
  }
}

/** A bar in things, images for one; call `stop` before anything else is printed. */
export class CountBar {
  readonly #label: string
  #bar: SingleBar | null = null

  constructor(label: string) {
    this.#label = label
  }

  update(done: number, total: number): void {
    if (!process.stderr.isTTY) return
    if (this.#bar === null) {
      this.#bar = new SingleBar({
        stream: process.stderr,
        hideCursor: true,
        clearOnComplete: true,
        format: `${this.#label} {bar} {percentage}% {value} of {total}, {eta_formatted} left`,
      })
      this.#bar.start(total, 0)
    }
    this.#bar.update(done)
  }

  stop(): void {
    this.#bar?.stop()
    this.#bar = null
  }
}
