/** A file of a run that grows while it goes on: metrics.jsonl, TensorBoard's events. */
import { type FileHandle, open } from 'node:fs/promises'
import { SimclrError } from '../addon/errors.ts'
import { writeFileAtomic } from '../io/atomic.ts'
import { output } from '../io/output.ts'

export class GrowingFile {
  readonly #file: FileHandle
  readonly #path: string

  private constructor(file: FileHandle, path: string) {
    this.#file = file
    this.#path = path
  }

  /** Writes `path` anew, with what was there before a run went on. Throws ERR_SIMCLR_IO. */
  static async begin(path: string, contents: Uint8Array | string): Promise<GrowingFile> {
    return output(path, async () => {
      await writeFileAtomic(path, contents)
      return new GrowingFile(await open(path, 'a'), path)
    })
  }

  /** Adds to its end; `sync`: it is on the disk when this resolves, and so is all before. Throws ERR_SIMCLR_IO. */
  async append(contents: Uint8Array | string, { sync = false } = {}): Promise<void> {
    try {
      if (contents.length > 0) await this.#file.appendFile(contents)
      if (sync) await this.#file.datasync()
    } catch (error) {
      const message = `Could not write ${this.#path}: ${(error as Error).message}. Free space, then resume the run.`
      throw new SimclrError('ERR_SIMCLR_IO', message, { cause: error })
    }
  }

  async close(): Promise<void> {
    await this.#file.close()
  }
}
