/**
 * CIFAR-10 and CIFAR-100, binary version (https://www.cs.toronto.edu/~kriz/cifar.html): a record is the label,
 * or the coarse and the fine label, then 32x32 pixels as planes R, G, B.
 */
import { readFile } from 'node:fs/promises'
import { z } from 'zod'
import { choice, option } from '../../config/option.ts'
import { type Spec, specOptions } from '../spec.ts'
import type { ImageSource } from '../types.ts'
import { findFolder } from './find.ts'
import { interleave, Records } from './records.ts'

const size = 32

const split = option(choice(['train', 'test', 'all']), { about: 'Which images.', default: 'train' })

const cifar10Options = z.strictObject({ split })

const cifar100Options = z.strictObject({
  split,
  labels: option(choice(['fine', 'coarse']), { about: '100 classes or 20.', default: 'fine' }),
})

const trainBatches = [1, 2, 3, 4, 5].map((n) => `data_batch_${n}.bin`)

/** `cifar10:DIR[,split=train|test|all]`; DIR holds data_batch_1.bin … or the folder cifar-10-batches-bin. */
export async function openCifar10(spec: Spec): Promise<ImageSource> {
  const { split = 'train' } = specOptions(spec, cifar10Options)
  const files = { train: trainBatches, test: ['test_batch.bin'], all: [...trainBatches, 'test_batch.bin'] }[
    split
  ]
  const folder = await findFolder(spec, ['', 'cifar-10-batches-bin'], files)
  return openRecords(`CIFAR-10 ${split}`, folder, files, {
    labelBytes: 1,
    label: 0,
    names: 'batches.meta.txt',
  })
}

/** `cifar100:DIR[,split=train|test|all][,labels=fine|coarse]`; DIR holds train.bin … or the folder cifar-100-binary. */
export async function openCifar100(spec: Spec): Promise<ImageSource> {
  const { split = 'train', labels = 'fine' } = specOptions(spec, cifar100Options)
  const files = { train: ['train.bin'], test: ['test.bin'], all: ['train.bin', 'test.bin'] }[split]
  const folder = await findFolder(spec, ['', 'cifar-100-binary'], files)
  const label = labels === 'coarse' ? 0 : 1
  const names = `${labels}_label_names.txt`
  return openRecords(`CIFAR-100 ${split}`, folder, files, { labelBytes: 2, label, names })
}

async function openRecords(
  name: string,
  folder: string,
  files: readonly string[],
  layout: { labelBytes: number; label: number; names: string },
): Promise<ImageSource> {
  const paths = files.map((file) => `${folder}/${file}`)
  const records = await Records.open(paths, layout.labelBytes + 3 * size * size)
  const labels = new Int32Array(records.count)
  for (let i = 0; i < labels.length; i += 1) labels[i] = (await records.read(i))[layout.label]!
  return {
    name,
    count: records.count,
    labels,
    classNames: await readNames(`${folder}/${layout.names}`),
    imageSize: size,
    nameOf: (index) => `${name} ${index}`,
    async read(index) {
      const data = interleave((await records.read(index)).subarray(layout.labelBytes), size)
      return { data, width: size, height: size, channels: 3 }
    },
  }
}

/** Class names, one a line; null (numbers will do) where the file is missing. */
async function readNames(path: string): Promise<string[] | null> {
  try {
    return (await readFile(path, 'utf8')).split(/\s+/).filter((name) => name !== '')
  } catch {
    return null
  }
}
