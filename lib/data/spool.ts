/**
 * Sets that can only be read from front to back, and would not fit into memory: decoded once into a pack that loses its
 * name as soon as it is mapped, so nothing is left behind however the process ends. From there training asks for
 * images in any order, as from memory: no shuffle buffer, the same batches, the same place after an interruption.
 */
import { mkdtemp, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { SimclrError } from '../addon/errors.ts'
import { Dataset } from './dataset.ts'
import { pack } from './pack.ts'
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
  const folder = await newFolder()
  try {
    const path = join(folder, 'images.pack')
    const told = (done: number, total: number) => onProgress?.({ done, total })
    const { skipped } = await pack(set, path, { signal, onProgress: told })
    const source = await openPack({ kind: 'pack', path, options: {} })
    const selection = { indices: null, labels: labelsOf(source.labels), classNames: set.classNames }
    const spooled = new Dataset({ ...source, name: set.name }, selection, set.options)
    return { ...(await storeImages(spooled, { signal })), skipped }
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

function labelsOf(labels: ArrayLike<number> | null | undefined): Int32Array | null {
  return labels ? Int32Array.from(labels) : null
}

async function newFolder(): Promise<string> {
  try {
    return await mkdtemp(join(spoolFolder(), 'simclr-spool-'))
  } catch (cause) {
    throw new SimclrError(
      'ERR_SIMCLR_IO',
      `Expected a place for decoded images but ${spoolFolder()} cannot be written: ${(cause as Error).message}. ` +
        'Set TMPDIR to a folder with room.',
      { cause },
    )
  }
}
