/** Ranks that are slow, or hang, at a place of the test's choice. */
import { fileURLToPath } from 'node:url'
import { withEnvironment } from '../support/environment.ts'

export interface HoldUp {
  rank: number
  /** Of the learner; `write`: the checkpoints' file. */
  method: 'step' | 'embed' | 'state' | 'write'
  /** Number of the first call that is held up. */
  from?: number
  /** For ever, without it. */
  milliseconds?: number
  /** The rank's JavaScript stands still too. */
  blocks?: boolean
}

/** The environment of ranks of which one is held up; for those that this process starts until it is disposed. */
export function holdUp(what: HoldUp): { [Symbol.dispose](): void } {
  return withEnvironment(heldUp(what))
}

export function heldUp(what: HoldUp): Record<string, string> {
  const program = fileURLToPath(new URL('./hold-up.mjs', import.meta.url))
  return {
    NODE_OPTIONS: `${process.env.NODE_OPTIONS ?? ''} --import ${program}`.trim(),
    SIMCLR_TEST_HOLD_UP: JSON.stringify(what),
  }
}
