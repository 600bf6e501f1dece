import type { Trap } from './traps.ts'

/** One mistake: a replacement in one file, and the test that must notice. */
export interface Mutant {
  /** The row of the trap table it belongs to. */
  trap: Trap
  /** What goes wrong, as its users would put it. */
  mistake: string
  file: string
  /** Occurs exactly once in the file. */
  from: string
  to: string
  /** Test file that must fail, and which of its tests are run. */
  test: string
  grep?: string
}

/** What `npm run test:mutants -- --record` found out about one. */
export interface MutantResult extends Pick<Mutant, 'trap' | 'mistake' | 'file' | 'test'> {
  /** Titles of the tests that failed. */
  failed: string[]
}
