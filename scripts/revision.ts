/** Which state of the code made a figure. */
import { spawnSync } from 'node:child_process'
import { packageRoot } from '../lib/addon/binary.ts'

/** The commit's short hash, with a + where `sources` (as git takes paths) differ from it; null outside of a checkout. */
export function revision(...sources: string[]): string | null {
  const hash = git('rev-parse', '--short', 'HEAD')
  return hash && hash + (git('status', '--porcelain', '--', ...sources) ? '+' : '')
}

function git(...words: string[]): string | null {
  const { status, stdout } = spawnSync('git', words, { cwd: packageRoot, encoding: 'utf8' })
  return status === 0 ? stdout.trim() : null
}
