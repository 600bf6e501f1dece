/** Where a result comes from: what its line says, so that it can be made again. */
import { revision } from '../scripts/revision.ts'
import { thisMachine } from '../scripts/this-machine.ts'

export interface Provenance {
  machine: string
  /** ISO, UTC. */
  date: string
  /** Short hash, with `+` where sources differ from it; null outside a checkout. */
  commit: string | null
}

/**
 * Of the code that this process runs, whatever is committed while it does. Results and pages are written meanwhile: they
 * change no result.
 */
const commitAtStart = revision('lib', 'native', 'experiments/**/*.ts')

export function provenance(): Provenance {
  return { machine: thisMachine(), date: new Date().toISOString().slice(0, 10), commit: commitAtStart }
}
