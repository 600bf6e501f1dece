/** What a benchmark is: ours and a peer's figure for the same work, taken in turns. */
import { type ChildProcessByStdio, spawn } from 'node:child_process'
import { createInterface, type Interface } from 'node:readline'
import type { Readable, Writable } from 'node:stream'
import { fileURLToPath } from 'node:url'

export interface Context {
  /** Measurements of each side; the figure is their median. */
  rounds: number
  /** A Python virtual environment that has the peers; null: ours alone. */
  peers: string | null
}

export interface Figure {
  name: string
  ours: number
  /** null: not measured. */
  peer: number | null
  unit: string
  /** Ours over the peer's: larger is better for rates, smaller for memory. */
  ratio: number | null
  /** What the two sides are. */
  about: string
}

export interface Benchmark {
  /** Names of the figures it gives. */
  names: readonly string[]
  /** `wanted`: which of the names to measure. */
  run(context: Context, wanted: (name: string) => boolean): AsyncIterable<Figure>
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b)
  const middle = sorted.length >> 1
  return sorted.length % 2 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2
}

/** Measures all sides in turns, `rounds` times after one round that does not count; the median of each. */
export async function inTurns(rounds: number, sides: readonly (() => Promise<number>)[]): Promise<number[]> {
  const measured: number[][] = sides.map(() => [])
  for (let round = 0; round <= rounds; round++) {
    for (const [i, side] of sides.entries()) {
      const value = await side()
      if (round > 0) measured[i]!.push(value)
    }
  }
  return measured.map(median)
}

/** A peer's script in its own process: one line in names what to measure, one line out is the figure. */
export class Peer implements Disposable {
  readonly #process: ChildProcessByStdio<Writable, Readable, null>
  readonly #lines: AsyncIterator<string>
  readonly #reader: Interface

  constructor(venv: string, script: string, args: readonly string[]) {
    const file = fileURLToPath(new URL(`peers/${script}`, import.meta.url))
    this.#process = spawn(`${venv}/bin/python`, [file, ...args], { stdio: ['pipe', 'pipe', 'inherit'] })
    this.#reader = createInterface({ input: this.#process.stdout })
    this.#lines = this.#reader[Symbol.asyncIterator]()
  }

  async measure(what: string): Promise<number> {
    this.#process.stdin.write(`${what}\n`)
    const { value, done } = await this.#lines.next()
    if (done) throw new Error(`The peer's process ended before it had measured ${what}.`)
    return Number(value)
  }

  [Symbol.dispose](): void {
    this.#reader.close()
    this.#process.kill()
  }
}
