/** Where a result comes from: what its line says, so that it can be made again. */
import { spawnSync } from 'node:child_process'
import { packageRoot } from '../lib/addon/binary.ts'
import { thisMachine } from '../scripts/this-machine.ts'

export interface Provenance {
  machine: string
  /** ISO, UTC. */
  date: string
  /** Short hash, with `+` where sources differ from it; null outside a checkout. */
  commit: string | null
}

/** Of the code that this process runs, whatever is committed while it does. */
const commitAtStart = commit()

export function provenance(): Provenance {
  return { machine: thisMachine(), date: new Date().toISOString().slice(0, 10), commit: commitAtStart }
}

function commit(): string | null {
  const hash = git('rev-parse', '--short', 'HEAD')
  // Results and pages are written while a study runs; they change no result.
  return (
    hash && hash + (git('status', '--porcelain', '--', 'lib', 'native', 'experiments/**/*.ts') ? '+' : '')
  )
}

function git(...words: string[]): string | null {
  const { status, stdout } = spawnSync('git', words, { cwd: packageRoot, encoding: 'utf8' })
  return status === 0 ? stdout.trim() : null
}
