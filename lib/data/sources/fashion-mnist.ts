/**
 * `fashion-mnist`, embedded in the package: Fashion-MNIST's test set, 10,000 grey images of 28x28 pixels in ten classes
 * (Xiao, Rasul and Vollgraf 2017, MIT licence), split into 8,000 to train on and 2,000 held out.
 */
import { join } from 'node:path'
import { packageRoot } from '../../addon/binary.ts'
import { expected, invalid } from '../../config/messages.ts'
import type { Spec } from '../spec.ts'
import type { ImageSource } from '../types.ts'
import { idxSource } from './idx.ts'

/** Of each class's 1,000 images, in the file's order, the first so many are trained on. */
const trainPerClass = 800

const classNames = [
  'T-shirt/top',
  'Trouser',
  'Pullover',
  'Dress',
  'Coat',
  'Sandal',
  'Shirt',
  'Sneaker',
  'Bag',
  'Ankle boot',
]

/** 800 images of each class to train, 200 to test, both in the file's order. */
export async function openFashionMnist(spec: Spec): Promise<ImageSource> {
  const split = splitOf(spec)
  const folder = join(packageRoot, 'samples', 'fashion-mnist')
  const all = await idxSource(
    join(folder, 't10k-images-idx3-ubyte.gz'),
    join(folder, 't10k-labels-idx1-ubyte.gz'),
  )
  const labels = all.labels!
  const seen = new Array<number>(classNames.length).fill(0)
  const indices: number[] = []
  for (let i = 0; i < all.count; i += 1) {
    const label = labels[i]!
    const before = seen[label]!
    seen[label] = before + 1
    if (split === 'all' || before < trainPerClass === (split === 'train')) indices.push(i)
  }
  return {
    name: `fashion-mnist (${split})`,
    count: indices.length,
    labels: Int32Array.from(indices, (i) => labels[i]!),
    classNames,
    imageSize: 28,
    nameOf: (index) => `t10k ${indices[index]}`,
    read: (index) => all.read!(indices[index]!),
  }
}

function splitOf(spec: Spec): 'train' | 'test' | 'all' {
  const split = spec.path === '' ? 'train' : spec.path
  if (split === 'train' || split === 'test' || split === 'all') return split
  throw invalid(expected('train, test or all', 'fashion-mnist:', spec.path, 'As in `fashion-mnist:test`.'))
}
