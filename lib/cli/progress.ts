/** A progress bar on stderr, drawn only where a person watches. */
import { type Options, SingleBar } from 'cli-progress'
import { formatBytes } from '../format.ts'

/** A bar that is gone once it is complete, or stopped. */
export function createBar(format: string, options: Options = {}): SingleBar {
  return new SingleBar({
    format,
    stream: process.stderr,
    hideCursor: true,
    clearOnComplete: true,
    ...options,
  })
}

/** Call `stop` before anything else is printed. */
class Bar {
  readonly #format: string
  #bar: SingleBar | null = null

  constructor(format: string) {
    this.#format = format
  }

  protected draw(done: number, total: number, values: object = {}): void {
    if (!process.stderr.isTTY) return
    if (this.#bar === null) {
      this.#bar = createBar(this.#format)
      this.#bar.start(total, 0, values)
    }
    this.#bar.setTotal(total)
    this.#bar.update(done, values)
  }

  stop(): void {
    this.#bar?.stop()
    this.#bar = null
  }
}

/** In bytes, whose total may be unknown at first. */
export class ByteBar extends Bar {
  constructor(label: string) {
    super(`${label} {bar} {percentage}% {done} of {all}, {eta_formatted} left`)
  }

  update(bytes: number, total: number | null): void {
    this.draw(bytes, total ?? 0, {
      done: formatBytes(bytes),
      all: total === null ? '?' : formatBytes(total),
    })
  }
}

/** In things, images for one. */
export class CountBar extends Bar {
  constructor(label: string) {
    super(`${label} {bar} {percentage}% {value} of {total}, {eta_formatted} left`)
  }

  update(done: number, total: number): void {
    this.draw(done, total)
  }
}
