/** Room on a disk, looked for before much is written. */
import { statfs } from 'node:fs/promises'
import { SimclrError } from '../addon/errors.ts'

/** Throws ERR_SIMCLR_IO where fewer than `needed` bytes are free in `folder` for `what`. `advice` completes "Free some, or …". */
export async function requireSpace(
  folder: string,
  needed: number,
  { what, advice }: { what: string; advice: string },
): Promise<void> {
  const { bavail, bsize } = await statfs(folder)
  const free = bavail * bsize
  if (free >= needed) return
  const megabytes = (bytes: number) => `${Math.ceil(bytes / 1e6)} MB`
  throw new SimclrError(
    'ERR_SIMCLR_IO',
    `Expected ${megabytes(needed)} of free disk space for ${what} in ${folder} but there are ${megabytes(free)}. ` +
      `Free some, or ${advice}.`,
  )
}
