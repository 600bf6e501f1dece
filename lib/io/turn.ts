/** Turns of the event loop: work that waits for nothing keeps timers, signals and sockets from theirs. */
import { setImmediate } from 'node:timers/promises'

/** A turn has lasted long enough after so many milliseconds. */
const longest = 10

/** How long the present turn has lasted: `if (turn.isOver) await turn.next()` in a loop costs nothing between turns. */
export class Turn {
  #began = performance.now()

  get isOver(): boolean {
    return performance.now() - this.#began > longest
  }

  async next(): Promise<void> {
    await setImmediate()
    this.#began = performance.now()
  }
}
