/**
 * STL-10, binary version (https://cs.stanford.edu/~acoates/stl10): 96x96 pixels as planes R, G, B, each column
 * by column; labels 1 to 10 in files of their own.
 */
import { readFile } from 'node:fs/promises'
import { z } from 'zod'
import { SimclrError } from '../../addon/errors.ts'
import { choice, option } from '../../config/option.ts'
import { exists } from '../../io/exists.ts'
import { type Spec, specOptions } from '../spec.ts'
import type { ImageSource } from '../types.ts'
import { findFolder } from './find.ts'
import { Records } from './records.ts'

const size = 96
const classes = 10

const options = z.strictObject({
  split: option(choice(['train', 'test', 'unlabeled', 'train+unlabeled']), {
    about: 'Which images; the 100,000 unlabelled ones are what the set is for.',
    default: 'train+unlabeled',
  }),
})

/** `stl10:DIR[,split=train|test|unlabeled|train+unlabeled]`; DIR holds train_X.bin … or the folder stl10_binary. */
export async function openStl10(spec: Spec): Promise<ImageSource> {
  const { split = 'train+unlabeled' } = specOptions(spec, options)
  const parts = split.split('+')
  const images = parts.map((part) => `${part}_X.bin`)
  const labelled = parts.filter((part) => part !== 'unlabeled').map((part) => `${part}_y.bin`)
  const folder = await findFolder(spec, ['', 'stl10_binary'], [...images, ...labelled])
  const records = await Records.open(
    images.map((file) => `${folder}/${file}`),
    3 * size * size,
  )
  const labels = new Int32Array(records.count).fill(-1)
  // At most one part has labels, and it comes first.
  for (const file of labelled) labels.set(await readLabels(`${folder}/${file}`, records.counts[0]!))
  return {
    name: `STL-10 ${split}`,
    count: records.count,
    labels: labelled.length > 0 ? labels : null,
    classNames: labelled.length > 0 ? await classNames(`${folder}/class_names.txt`) : null,
    imageSize: size,
    nameOf: (index) => `STL-10 ${split} ${index}`,
    read: async (index) => ({
      data: upright(await records.read(index)),
      width: size,
      height: size,
      channels: 3,
    }),
  }
}

async function readLabels(path: string, count: number): Promise<Int32Array> {
  const labels = await readFile(path)
  const wrong = labels.find((label) => label < 1 || label > classes)
  if (labels.length === count && wrong === undefined) return Int32Array.from(labels, (label) => label - 1)
  const found = wrong === undefined ? `${labels.length} bytes` : `a ${wrong}`
  throw new SimclrError(
    'ERR_SIMCLR_CORRUPT_FILE',
    `Expected ${path} to hold a class from 1 to ${classes} for each of ${count} images but it holds ${found}. Download or copy it again.`,
  )
}

async function classNames(path: string): Promise<string[]> {
  if (await exists(path)) return (await readFile(path, 'utf8')).trim().split(/\s+/)
  return Array.from({ length: classes }, (_, i) => String(i))
}

/** From [channel][x][y] to interleaved pixels. */
function upright(planes: Uint8Array): Uint8Array {
  const out = new Uint8Array(planes.length)
  for (let channel = 0, i = 0; channel < 3; channel += 1) {
    for (let x = 0; x < size; x += 1) {
      for (let y = 0; y < size; y += 1, i += 1) out[(y * size + x) * 3 + channel] = planes[i]!
    }
  }
  return out
}
