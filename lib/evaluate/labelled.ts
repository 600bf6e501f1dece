/** Sets of images that must have labels: what probes learn from, and what encoders are tested on. */
import { SimclrError } from '../addon/errors.ts'
import type { Dataset } from '../data/dataset.ts'
import { type Images, type ReadOptions, readImages } from '../data/images.ts'
import { countLabelled } from '../data/labels.ts'
import { type DataInput, type OpenOptions, open } from '../data/open.ts'
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
  const refusal = lacksLabels(images, name, least)
  if (refusal === null) return images
  await images.dispose()
  throw refusal
}

/**
 * Opens the data of `name` without reading them, for what would else be found out late: throws what `open` does, and
 * ERR_SIMCLR_DATA where no image has a label. Returns their classes. `or`: what else can be done about it.
 */
export async function checkLabelled(
  data: DataInput,
  name: string,
  options: OpenOptions,
  or?: string,
): Promise<readonly string[]> {
  const set = await open(data, options)
  await set.close()
  const refusal = lacksLabels(set, name, 1, or)
  if (refusal !== null) throw refusal
  return set.classNames!
}

/** The error of a set with fewer labelled images than `least`; null where it has as many. */
function lacksLabels(
  { name: set, labels, whyUnlabelled }: Pick<Dataset, 'name' | 'labels' | 'whyUnlabelled'>,
  name: string,
  least: number,
  or = 'use a labelled format',
): SimclrError | null {
  const labelled = countLabelled(labels)
  if (labelled >= least) return null
  const what = least === 1 ? 'labelled images' : `at least ${least} labelled images`
  const but =
    labelled > 0 ? `${set} has ${labelled}. Add labelled ones.` : withoutLabels(set, whyUnlabelled, or)
  return new SimclrError('ERR_SIMCLR_DATA', `Expected ${what} for \`${name}\` but ${but}`)
}
