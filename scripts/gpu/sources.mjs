/** The checkout's own files, for a machine that has none. */
import { execFileSync } from 'node:child_process'
import fs from 'node:fs'
import path from 'node:path'

/** What git tracks or would, as it is, relative to `checkout`; without `out`, the archive that they go into. */
export function sourcesOf(checkout, out) {
  const list = ['ls-files', '-z', '--cached', '--others', '--exclude-standard']
  const files = execFileSync('git', list, { cwd: checkout, encoding: 'utf8' }).split('\0').filter(Boolean)
  return files
    .map((file) => [file, path.join(checkout, file)])
    .filter(([, at]) => fs.existsSync(at) && at !== out)
    .map(([file]) => file)
}
