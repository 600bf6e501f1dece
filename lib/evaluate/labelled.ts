/** Sets of images that must have labels: what probes learn from, and what encoders are tested on. */
import { SimclrError } from '../addon/errors.ts'
import { type Images, type ReadOptions, readImages } from '../data/images.ts'
import type { DataInput } from '../data/open.ts'
import { withoutLabels } from '../data/sources/classes.ts'

/**
 * Reads the data that an option named `name` has. With `classNames`, labels mean what those of that set mean. Throws what
 * `readImages` does, and ERR_SIMCLR_DATA where fewer than `least` images have a label.
 */
export async function readLabelled(
  data: DataInput,
  name: string,
  reading: ReadOptions,
  least = 1,
): Promise<Images> {
  const images = await readImages(data, reading)
  const labelled = images.labels?.reduce((count, label) => count + (label >= 0 ? 1 : 0), 0) ?? 0
  if (labelled >= least) return images
  const { name: set, whyUnlabelled } = images
  await images.dispose()
  const what = least === 1 ? 'labelled images' : `at least ${least} labelled images`
  const but =
    labelled > 0
      ? `${set} has ${labelled}. Add labelled ones.`
      : withoutLabels(set, whyUnlabelled, 'use a labelled format')
  throw new SimclrError('ERR_SIMCLR_DATA', `Expected ${what} for \`${name}\` but ${but}`)
}
