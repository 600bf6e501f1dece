import { mkdir, stat } from 'node:fs/promises'
import { dirname } from 'node:path'

/** With the parents it needs. mkdir's own `recursive` hides the reason: on a read-only disk it says ENOENT. */
export async function makeFolder(path: string): Promise<void> {
  try {
    await mkdir(path)
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === 'ENOENT' && dirname(path) !== path) {
      await makeFolder(dirname(path))
      await makeFolder(path) // another may have made it meanwhile
    } else if (code !== 'EEXIST' || !(await stat(path)).isDirectory()) {
      throw error
    }
  }
}

/** Whether `path` is one, or a link to one. */
export async function isFolder(path: string): Promise<boolean> {
  try {
    return (await stat(path)).isDirectory()
  } catch {
    return false
  }
}
