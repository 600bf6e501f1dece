/** Where the files of a well-known data set lie. */
import { join } from 'node:path'
import { SimclrError } from '../../addon/errors.ts'
import { exists } from '../../io/exists.ts'
import type { Spec } from '../spec.ts'

/** The first of the spec's path's subfolders that holds all files. Throws ERR_SIMCLR_DATA naming what is missing. */
export async function findFolder(
  spec: Spec,
  subfolders: readonly string[],
  files: readonly string[],
): Promise<string> {
  let missing: string[] = []
  for (const subfolder of subfolders) {
    const folder = join(spec.path, subfolder)
    const there = await Promise.all(files.map((file) => exists(join(folder, file))))
    if (there.every(Boolean)) return folder
    const gaps = files.filter((_, i) => !there[i])
    if (missing.length === 0 || gaps.length < missing.length) missing = gaps
  }
  throw new SimclrError(
    'ERR_SIMCLR_DATA',
    `Expected ${missing.join(', ')} in ${spec.path}${subfolders
      .filter(Boolean)
      .map((s) => ` or its ${s}`)
      .join('')} but ` +
      `could not find ${missing.length === 1 ? 'it' : 'them'}. \`simclr data fetch ${spec.kind}\` downloads the set.`,
  )
}
