/** A peer's script in its own process: one line in says what to measure, one line out is the figure. */
import { type ChildProcessByStdio, spawn } from 'node:child_process'
import { createInterface, type Interface } from 'node:readline'
import type { Readable, Writable } from 'node:stream'
import { fileURLToPath } from 'node:url'

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

  get pid(): number {
    return this.#process.pid!
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

export function peerScript(name: string): string {
  return fileURLToPath(new URL(`../peers/${name}`, import.meta.url))
}
