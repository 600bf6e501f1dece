/** A peer's script in its own process: one line in says what to measure, one line out is the figure. */
import { type ChildProcessByStdio, execFileSync, spawn } from 'node:child_process'
import { createInterface, type Interface } from 'node:readline'
import type { Readable, Writable } from 'node:stream'
import { fileURLToPath } from 'node:url'
import { Misuse } from '../../scripts/command-line.mjs'
import type { TunedIn } from '../figure.ts'

export class Peer implements Disposable {
  readonly #process: ChildProcessByStdio<Writable, Readable, null>
  readonly #lines: AsyncIterator<string>
  readonly #reader: Interface

  /** `script`: a file of bench/peers. */
  constructor(venv: string, script: string, args: readonly (string | number)[]) {
    this.#process = spawn(`${venv}/bin/python`, [peerScript(script), ...args.map(String)], {
      stdio: ['pipe', 'pipe', 'inherit'],
    })
    this.#reader = createInterface({ input: this.#process.stdout })
    this.#lines = this.#reader[Symbol.asyncIterator]()
  }

  async measure(what: string | number): Promise<number> {
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

/** The same script with all cores' threads and with one: whichever is better is the peer. */
export class PeersByThreads implements Disposable {
  readonly #peers: readonly Peer[]

  /** `venv`: null for no peers at all. */
  constructor(venv: string | null, script: string, cores: number, args: readonly (string | number)[] = []) {
    const threads = venv === null ? [] : [...new Set([cores, 1])]
    this.#peers = threads.map((count) => new Peer(venv!, script, [...args, '--threads', count]))
  }

  /** One a number of threads, all cores' first. */
  sides(what: string | number): (() => Promise<number>)[] {
    return this.#peers.map((peer) => () => peer.measure(what))
  }

  [Symbol.dispose](): void {
    for (const peer of this.#peers) peer[Symbol.dispose]()
  }
}

/** The better of what they measured; null where nothing was. */
export function better(rates: readonly number[]): number | null {
  return rates.length === 0 ? null : Math.max(...rates)
}

/** Of a virtual environment. */
export function torchVersion(venv: string): string {
  const ask = ['-c', 'import torch; print(torch.__version__)']
  return execFileSync(`${venv}/bin/python`, ask, { encoding: 'utf8' }).trim()
}

/** From flags such as `bf16=2,1`: in bf16, 2 workers and 1 thread. */
export function readTuned(flags: readonly string[]): TunedIn {
  const read = (text: string) => {
    const [, precision, workers, threads] = /^(bf16|fp32)=(\d+),([1-9]\d*)$/.exec(text) ?? []
    if (precision === undefined) {
      throw new Misuse(
        `Expected PRECISION=WORKERS,THREADS, such as bf16=2,1, for --tuned but received ${text}.`,
      )
    }
    return [precision, { workers: Number(workers), threads: Number(threads) }]
  }
  return Object.fromEntries(flags.map(read))
}

export function peerScript(name: string): string {
  return fileURLToPath(new URL(`../peers/${name}`, import.meta.url))
}
