import { randomBytes } from 'node:crypto'
import { open, rename, rm } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'

/** Where `path` is written before it is whole, another each time. */
export function temporaryFor(path: string): string {
  return join(dirname(path), `.${basename(path)}.${randomBytes(6).toString('hex')}.tmp`)
}

/** The name of the file that such a temporary one was to become; null for any other name. */
export function nameOfTemporary(temporary: string): string | null {
  return /^\.(.+)\.[0-9a-f]{12}\.tmp$/.exec(temporary)?.[1] ?? null
}

/**
 * Writes a file whole or not at all: temporary file in the same folder, fsync, rename, fsync of the folder.
 * A reader sees the old contents or the new ones, also after a power cut.
 */
export async function writeFileAtomic(
  path: string,
  chunks: Uint8Array | string | Uint8Array[],
): Promise<void> {
  const temporary = temporaryFor(path)
  try {
    const file = await open(temporary, 'wx')
    try {
      for (const chunk of Array.isArray(chunks) ? chunks : [chunks]) await file.writeFile(chunk)
      await file.sync()
    } finally {
      await file.close()
    }
    await rename(temporary, path)
  } catch (error) {
    await rm(temporary, { force: true })
    throw error
  }
  await syncFolder(dirname(path))
}

/** Names in it last over a power cut. */
export async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, 'r')
  try {
    await folder.sync()
  } finally {
    await folder.close()
  }
}
