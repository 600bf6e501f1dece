import { randomBytes } from 'node:crypto'
import { type FileHandle, open, rename, rm } from 'node:fs/promises'
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
 * A file that is whole or not there: written as a temporary one in the same folder, which `commit` gives its name and
 * dispose takes away. A reader sees the old contents or the new ones, also after a power cut.
 */
export class AtomicFile implements AsyncDisposable {
  /** To write to. */
  readonly handle: FileHandle
  readonly #path: string
  readonly #temporary: string
  #isCommitted = false

  private constructor(path: string, temporary: string, handle: FileHandle) {
    this.#path = path
    this.#temporary = temporary
    this.handle = handle
  }

  static async create(path: string): Promise<AtomicFile> {
    const temporary = temporaryFor(path)
    return new AtomicFile(path, temporary, await open(temporary, 'wx'))
  }

  /** fsync, rename, fsync of the folder. */
  async commit(): Promise<void> {
    await this.handle.sync()
    await rename(this.#temporary, this.#path)
    this.#isCommitted = true
    await syncFolder(dirname(this.#path))
  }

  async [Symbol.asyncDispose](): Promise<void> {
    try {
      await this.handle.close()
    } finally {
      if (!this.#isCommitted) await rm(this.#temporary, { force: true })
    }
  }
}

/** Writes an AtomicFile of what there is, or of what comes piece by piece. */
export async function writeFileAtomic(
  path: string,
  content: Uint8Array | string | Iterable<Uint8Array>,
): Promise<void> {
  const isWhole = typeof content === 'string' || content instanceof Uint8Array
  await using file = await AtomicFile.create(path)
  for (const chunk of isWhole ? [content] : content) await file.handle.writeFile(chunk)
  await file.commit()
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
