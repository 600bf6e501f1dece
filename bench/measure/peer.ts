/** A peer's script in its own process: one line in says what to measure, one line out is the figure. */
import { type ChildProcessByStdio, execFileSync, spawn } from 'node:child_process'
import { createInterface, type Interface } from 'node:readline'
import type { Readable, Writable } from 'node:stream'
import { fileURLToPath } from 'node:url'
import { describeSetting, type MemoryFormat, type Tuned } from './setting.ts'

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

/** The same script in each setting that may be its best: whichever is better is the peer. */
export class PeersBySetting implements Disposable {
  /** With all cores' threads and with one, in each memory format where the script has them; all cores' first. */
  readonly settings: readonly PeerSetting[]
  readonly #peers: readonly Peer[]

  /** `venv`: null for no peers at all. `formats`: of memory, where the script has images in it. */
  constructor(
    venv: string | null,
    script: string,
    cores: number,
    args: readonly (string | number)[] = [],
    formats: readonly MemoryFormat[] = [],
  ) {
    const threads = venv === null ? [] : [...new Set([cores, 1])]
    this.settings = threads.flatMap((count) =>
      formats.length === 0
        ? [{ threads: count }]
        : formats.map((memoryFormat) => ({ threads: count, memoryFormat })),
    )
    this.#peers = this.settings.map(({ threads, memoryFormat }) => {
      const format = memoryFormat === undefined ? [] : ['--memory-format', memoryFormat]
      return new Peer(venv!, script, [...args, '--threads', threads, ...format])
    })
  }

  /** One a setting. */
  sides(what: string | number): (() => Promise<number>)[] {
    return this.#peers.map((peer) => () => peer.measure(what))
  }

  /** The best of what the sides measured, in words; null where nothing was. */
  best(rates: readonly number[]): { rate: number; setting: string } | null {
    const rate = better(rates)
    if (rate === null) return null
    return { rate, setting: describeSetting(this.settings[rates.indexOf(rate)]!) }
  }

  [Symbol.dispose](): void {
    for (const peer of this.#peers) peer[Symbol.dispose]()
  }
}

type PeerSetting = Pick<Tuned, 'threads'> & Partial<Pick<Tuned, 'memoryFormat'>>

/** The better of what they measured; null where nothing was. */
export function better(rates: readonly number[]): number | null {
  return rates.length === 0 ? null : Math.max(...rates)
}

/** Of a virtual environment. */
export function torchVersion(venv: string): string {
  const ask = ['-c', 'import torch; print(torch.__version__)']
  return execFileSync(`${venv}/bin/python`, ask, { encoding: 'utf8' }).trim()
}

export function peerScript(name: string): string {
  return fileURLToPath(new URL(`../peers/${name}`, import.meta.url))
}
