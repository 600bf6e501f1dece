/** The folder ../shared, which lies beside the checkout of those who work on the project and nowhere else. */
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

/** Path of something in ../shared (or in $SIMCLR_SHARED); null where it is missing. */
export function sharedPath(name: string): string | null {
  const folder = process.env.SIMCLR_SHARED ?? fileURLToPath(new URL('../../../shared', import.meta.url))
  const path = join(folder, name)
  return existsSync(path) ? path : null
}

/** The same inside a test or hook: skips it, saying why, where it is missing. */
export function needShared(context: Mocha.Context, name: string): string {
  const path = sharedPath(name)
  if (path !== null) return path
  if (context.test) context.test.title += ` (skipped: no ../shared/${name})`
  return context.skip()
}
