/**
 * The end of ranks that were asked to stop, or of which another has failed. A checkpoint may take rank 0 as long as it
 * likes; whoever does not answer, has nothing left to wait for or never comes to its end is killed.
 */
import type { ChildProcess } from 'node:child_process'
import type { Order } from './messages.ts'

/** From one asking to the next. */
const askSeconds = 3
/** One that does not answer for so long is stopped or hangs. */
const graceSeconds = 15
/** What a rank has to end in once its work is done: others may have to be heard before (native/core/dist/watch.cc). */
const farewellSeconds = 30

/** One that is gone is noticed by its end. */
export function send(child: ChildProcess, order: Order): void {
  if (child.connected) child.send(order, () => {})
}

/** What is known of a rank that is still there. */
interface Left {
  child: ChildProcess
  /** When it last said something, or was first asked. */
  heard: number
  /** Its last step is taken: rank 0 writes what is left behind, and the others outlast it. */
  isLeaving: boolean
}

export class Ending {
  readonly #timeoutSeconds: number
  /** By rank. */
  readonly #left = new Map<number, Left>()
  readonly #killed = new Set<number>()
  #timer: NodeJS.Timeout | undefined
  #begun = Infinity
  #firstEnded = Infinity

  /** `timeoutSeconds`: how long ranks wait for one another in a step. */
  constructor(timeoutSeconds: number) {
    this.#timeoutSeconds = timeoutSeconds
  }

  add(rank: number, child: ChildProcess): void {
    this.#left.set(rank, { child, heard: performance.now(), isLeaving: false })
    if (this.#timer) send(child, { type: 'stop' })
  }

  /** A rank has said something; `isLeaving` where it says that. */
  hear(rank: number, isLeaving: boolean): void {
    const left = this.#left.get(rank)
    if (!left) return
    left.heard = performance.now()
    left.isLeaving ||= isLeaving
  }

  /** A rank has ended. */
  remove(rank: number): void {
    this.#left.delete(rank)
    if (rank === 0) this.#firstEnded = performance.now()
  }

  /** From here on all that are left are asked to end, again and again. */
  begin(): void {
    if (this.#timer) return
    this.#begun = performance.now()
    for (const left of this.#left.values()) left.heard = this.#begun
    this.#ask()
    this.#timer = setInterval(() => {
      this.#killHopeless()
      this.#ask()
    }, askSeconds * 1000)
    process.on('exit', this.#killAll)
  }

  /** None is left, or matters any more. */
  close(): void {
    clearInterval(this.#timer)
    process.off('exit', this.#killAll)
  }

  wasKilled(rank: number): boolean {
    return this.#killed.has(rank)
  }

  #ask(): void {
    for (const { child } of this.#left.values()) send(child, { type: 'stop' })
  }

  #killHopeless(): void {
    const now = performance.now()
    const hasPassed = (seconds: number, since: number) => now - since >= seconds * 1000
    for (const [rank, { heard, isLeaving }] of this.#left) {
      const isSilent = hasPassed(graceSeconds, heard)
      const isAlone = rank !== 0 && hasPassed(farewellSeconds, this.#firstEnded)
      const isStuck = !isLeaving && hasPassed(this.#timeoutSeconds + farewellSeconds, this.#begun)
      if (isSilent || isAlone || isStuck) this.#kill(rank)
    }
  }

  #kill(rank: number): void {
    this.#killed.add(rank)
    this.#left.get(rank)!.child.kill('SIGKILL') // also ends one that is stopped
  }

  /** Whoever ends this process now wants it at once; a rank that is stopped would never hear of that. */
  readonly #killAll = (): void => {
    for (const rank of this.#left.keys()) this.#kill(rank)
  }
}
