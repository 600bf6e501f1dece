/** Training images in two, to choose a recipe without a look at test images. */
import { loadAddon } from '../../lib/addon/load.ts'
import { type DataInput, open } from '../../lib/data/open.ts'
import type { ImageArray } from '../../lib/data/sources/memory.ts'
import { splitByClass } from '../../lib/evaluate/split.ts'

/** A fifth of each class, the same one every time, is held out; the rest is learnt from. `data`: labelled, read in any order. */
export async function holdOut(data: DataInput): Promise<{ learnt: ImageArray; held: ImageArray }> {
  const set = await open(data)
  try {
    const { source, labels, classNames, name } = set
    if (!labels || !source.read)
      throw new Error(`Expected labelled images, to be read in any order, in ${name}.`)
    const { learnt, held } = splitByClass(loadAddon(), labels, 0)
    const part = async (indices: Uint32Array): Promise<ImageArray> => ({
      images: await Promise.all(Array.from(indices, (index) => source.read!(index))),
      labels: Int32Array.from(indices, (index) => labels[index]!),
      classNames,
    })
    return { learnt: await part(learnt), held: await part(held) }
  } finally {
    await set.close()
  }
}
