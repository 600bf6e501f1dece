/** A copy of a working tree to put mistakes into. */
import { spawnSync } from 'node:child_process'
import { copyFileSync, existsSync, mkdirSync, readFileSync, rmSync, statSync } from 'node:fs'
import path from 'node:path'

/**
 * Makes `copy`, a folder in the checkout `root`, hold the checkout's files, ignored ones apart: unchanged files keep their
 * times, and what the checkout has no more goes. What git ignores in the copy, its own builds, stays.
 */
export function copyTree(root: string, copy: string): void {
  mkdirSync(copy, { recursive: true })
  const isFile = (file: string) => existsSync(file) && statSync(file).isFile()
  for (const file of filesOf(root)) {
    const [from, to] = [path.join(root, file), path.join(copy, file)]
    if (!isFile(from)) continue
    mkdirSync(path.dirname(to), { recursive: true })
    if (!existsSync(to) || !readFileSync(from).equals(readFileSync(to))) copyFileSync(from, to)
  }
  for (const file of filesOf(copy)) {
    if (!existsSync(path.join(root, file))) rmSync(path.join(copy, file), { recursive: true, force: true })
  }
}

/** Files of the checkout's index, whether they are there or not, and others in `tree` that git does not ignore. */
function filesOf(tree: string): string[] {
  const args = ['--work-tree', tree, 'ls-files', '-z', '--cached', '--others', '--exclude-standard']
  const { status, stdout, stderr } = spawnSync('git', args, {
    cwd: tree,
    encoding: 'utf8',
    maxBuffer: 1 << 28,
  })
  if (status !== 0) throw new Error(`git cannot list the files of ${tree}: ${stderr}`)
  return stdout.split('\0').filter(Boolean)
}
