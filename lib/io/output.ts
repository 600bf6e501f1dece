/** Files that a caller names: what stands in the way of writing one is found before the work, and names that file. */
import { existsSync } from 'node:fs'
import { open, rm } from 'node:fs/promises'
import { dirname } from 'node:path'
import { SimclrError } from '../addon/errors.ts'
import { temporaryFor, writeFileAtomic } from './atomic.ts'
import { isFolder, makeFolder } from './folder.ts'

/** Makes the folder of `path` where it is not there, and checks as `checkOutput` does. Throws ERR_SIMCLR_IO. */
export async function prepareOutput(path: string): Promise<void> {
  await output(path, () => makeFolder(dirname(path)))
  await checkOutput(path)
}

/** Whether `path` can be written, found out by writing beside it. Throws ERR_SIMCLR_IO. */
export async function checkOutput(path: string): Promise<void> {
  // A name that is too long here is too long there.
  const trial = temporaryFor(path)
  await output(path, async () => {
    const file = await open(trial, 'wx')
    await file.close()
    await rm(trial)
  })
}

/** Writes the file whole or not at all (atomic.ts). Throws ERR_SIMCLR_IO. */
export async function writeOutput(
  path: string,
  content: Parameters<typeof writeFileAtomic>[1],
): Promise<void> {
  await output(path, () => writeFileAtomic(path, content))
}

/** Does `write`, which writes `path`; what goes wrong becomes ERR_SIMCLR_IO with that name and no temporary one. */
export async function output<T>(path: string, write: () => Promise<T>): Promise<T> {
  if (await isFolder(path)) throw failed(path, 'it is a folder', 'Name a file in it.')
  try {
    return await write()
  } catch (error) {
    throw outputError(path, error)
  }
}

/** What went wrong in writing `path`, as ERR_SIMCLR_IO; a SimclrError stays what it is. */
export function outputError(path: string, cause: unknown): SimclrError {
  if (cause instanceof SimclrError) return cause
  const { code, message } = cause as NodeJS.ErrnoException
  if (code === 'ENOENT' && !existsSync(dirname(path))) {
    return failed(path, `its folder ${dirname(path)} is not there`, 'Make the folder first.', cause)
  }
  if (code === 'ENOTDIR' || code === 'EEXIST') {
    return failed(path, 'a part of its path is a file, not a folder', 'Choose another place.', cause)
  }
  // Behind the comma come the system call and the temporary file's name, which say nothing to whoever named `path`.
  const why = code === undefined ? message : message.replace(/, \w+( '.*')?$/s, '')
  return failed(path, why, 'Choose another place, or mend that.', cause)
}

function failed(path: string, why: string, advice: string, cause?: unknown): SimclrError {
  return new SimclrError('ERR_SIMCLR_IO', `Expected to write ${path} but ${why}. ${advice}`, { cause })
}
