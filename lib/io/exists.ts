import { stat } from 'node:fs/promises'

/** Whether `path` can be reached. */
export async function exists(path: string): Promise<boolean> {
  try {
    await stat(path)
    return true
  } catch {
    return false
  }
}
