import { createHash } from 'node:crypto'
import { join, normalize } from 'node:path/posix'

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
  /** Of the mutant that was tried; another one under the same name has yet to be. */
  fingerprint: string
  /** Titles of the tests that failed. */
  failed: string[]
  /** Of the code that noticed it (`testHash`): tests may be weakened later. */
  testHash: string
}

/** Tells the mutant from what it was before somebody changed the mistake or the test that must notice. */
export function fingerprint({ file, from, to, test, grep = '' }: Mutant): string {
  return createHash('sha256')
    .update(JSON.stringify([file, from, to, test, grep]))
    .digest('hex')
    .slice(0, 16)
}

/** Of a test file and all that it imports from test/. `read` gives a file's text by its path from the project's root. */
export function testHash(test: string, read: (file: string) => string): string {
  const files = new Map<string, string>()
  const take = (file: string) => {
    if (files.has(file) || !file.startsWith('test/')) return
    const text = read(file)
    files.set(file, text)
    for (const [, name] of text.matchAll(/\bfrom '(\.[^']*)'/g)) take(normalize(join(file, '..', name!)))
  }
  take(test)
  const all = [...files].sort(([a], [b]) => (a < b ? -1 : 1))
  return createHash('sha256').update(JSON.stringify(all)).digest('hex').slice(0, 16)
}

/** The results of these very mutants, by their names. */
export function resultsByMistake(
  mutants: readonly Mutant[],
  results: readonly MutantResult[],
): Map<string, MutantResult> {
  const known = new Set(mutants.map((mutant) => `${mutant.mistake} ${fingerprint(mutant)}`))
  const own = results.filter((result) => known.has(`${result.mistake} ${result.fingerprint}`))
  return new Map(own.map((result) => [result.mistake, result]))
}
