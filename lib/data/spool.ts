/**
 * Sets that can only be read from front to back, and would not fit into memory: decoded once into a pack without a name,
 * so nothing is left behind however the process ends. From there training asks for images in any order, as from memory:
 * no shuffle buffer, the same batches, the same place after an interruption.
 */
import { randomBytes } from 'node:crypto'
import { type FileHandle, open, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { SimclrError } from '../addon/errors.ts'
import { Dataset } from './dataset.ts'
import { writePack } from './pack.ts'
import { openPack } from './sources/pack.ts'
import { type StoredImages, storeImages } from './store.ts'

export interface SpoolOptions {
  signal?: AbortSignal | undefined
  onProgress?: ((progress: { done: number; total: number }) => void) | undefined
}

/** Where it is written: TMPDIR, else /var/tmp, which is on a disk where /tmp may be memory. */
function spoolFolder(): string {
  return process.env.TMPDIR || '/var/tmp'
}

/** Memory stays bounded; the disk has to take all decoded pixels. Errors as `pack` has them. */
export async function spoolImages(set: Dataset, { signal, onProgress }: SpoolOptions): Promise<StoredImages> {
  const { file, name } = await namelessFile()
  try {
    const told = (done: number, total: number) => onProgress?.({ done, total })
    const { skipped } = await writePack(set, file, name, { signal, onProgress: told })
    const source = await openPack({ path: `/proc/self/fd/${file.fd}` })
    try {
      const selection = { indices: null, labels: labelsOf(source.labels), classNames: set.classNames }
      const spooled = new Dataset({ ...source, name: set.name }, selection, set.options)
      return { ...(await storeImages(spooled, { signal })), skipped }
    } finally {
      await source.close?.() // what is mapped stays
    }
  } finally {
    await file.close()
  }
}

function labelsOf(labels: ArrayLike<number> | null | undefined): Int32Array | null {
  return labels ? Int32Array.from(labels) : null
}

/** A file that has lost its name: it is gone when nothing has it open or mapped, however the process ends. */
async function namelessFile(): Promise<{ file: FileHandle; name: string }> {
  const name = join(spoolFolder(), `simclr-spool-${randomBytes(6).toString('hex')}`)
  try {
    const file = await open(name, 'wx+', 0o600)
    await rm(name)
    return { file, name }
  } catch (cause) {
    throw new SimclrError(
      'ERR_SIMCLR_IO',
      `Expected a place for decoded images but ${spoolFolder()} cannot be written: ${(cause as Error).message}. ` +
        'Set TMPDIR to a folder with room.',
      { cause },
    )
  }
}
