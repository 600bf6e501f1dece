/** Which state of the code was measured. */
import { execFileSync } from 'node:child_process'
import { packageRoot } from '../../lib/addon/binary.ts'

/** The commit, with a + where what is measured differs from it; null outside of a checkout. */
export function revision(): string | null {
  const git = (...args: string[]) =>
    execFileSync('git', args, {
      cwd: packageRoot,
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    }).trim()
  try {
    const changed = git('status', '--porcelain', '--', 'bench', 'lib', 'native') !== ''
    return `${git('rev-parse', '--short', 'HEAD')}${changed ? '+' : ''}`
  } catch {
    return null
  }
}
