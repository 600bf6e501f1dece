import { execFileSync } from 'node:child_process'
import { mkdirSync } from 'node:fs'

/** Mounts a file system in memory, `options` as mount(8) has them; false where this user may not. */
export function mountTmpfs(folder: string, options: string): boolean {
  mkdirSync(folder)
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', options, 'tmpfs', folder], { stdio: 'ignore' })
    return true
  } catch {
    console.log('      skipped: mounting needs root')
    return false
  }
}
