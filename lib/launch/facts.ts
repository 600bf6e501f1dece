/** What the ranks of a run must have in common: options and data. */
import { createHash } from 'node:crypto'
import { isTree } from '../config/layers.ts'
import type { ResolvedConfig } from '../config/resolved.ts'
import { type Images, inChunks } from '../data/images.ts'
import type { Facts } from './ranks.ts'

/** Where a rank computes and how it is fed is its own affair. */
const mayDiffer =
  /^(data|device|threads|cudaGraph|stream|maxSkipped|checkpoint|distributed\.timeoutSeconds)(\.|$)/

/** Images whose pixels are compared. */
const looked = 64

export async function factsOf(config: ResolvedConfig, images: Images): Promise<Facts> {
  const facts: Record<string, unknown> = {}
  collect(config, '', facts)
  facts['number of images in data'] = images.count
  facts['classes of data'] = images.classNames
  facts['labels of data'] =
    images.labels && createHash('sha256').update(images.labels).digest('hex').slice(0, 16)
  facts['pixels of data'] = await pixels(images)
  return facts
}

function collect(tree: object, prefix: string, into: Record<string, unknown>): void {
  for (const [key, value] of Object.entries(tree)) {
    const name = prefix + key
    if (mayDiffer.test(name)) continue
    if (isTree(value)) collect(value, `${name}.`, into)
    else into[name] = value
  }
}

/** A checksum over some images, evenly spread. */
async function pixels(images: Images): Promise<string> {
  const { store, count } = images
  const indices = Uint32Array.from({ length: Math.min(looked, count) }, (_, i) =>
    Math.floor((i * count) / Math.min(looked, count)),
  )
  const hash = createHash('sha256')
  await inChunks(images, indices, async (held) => {
    for (const index of held) {
      const { data, width, height, channels } = store.get(index)
      hash.update(`${width}x${height}x${channels}`).update(data)
    }
  })
  return hash.digest('hex').slice(0, 16)
}
