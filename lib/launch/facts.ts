/** What the ranks of a run must have in common: options and data. */
import { createHash } from 'node:crypto'
import { isTree } from '../config/layers.ts'
import { perRank } from '../config/may-differ.ts'
import type { ResolvedConfig } from '../config/resolved.ts'
import { countedImages, type Images } from '../data/images.ts'
import type { Facts, Remarks } from './ranks.ts'

const numberOfImages = 'number of images in data'

/** `looks`: the images' fingerprint; `teacher`: the checksum of its weights. */
export function factsOf(
  config: ResolvedConfig,
  images: Images,
  looks: string,
  teacher: string | null,
): Facts {
  const facts: Record<string, unknown> = {}
  collect(config, '', facts)
  facts['kind of device'] = config.device.replace(/:\d+$/, '')
  facts[numberOfImages] = images.count
  facts['classes of data'] = images.classNames
  facts['labels of data'] =
    images.labels && createHash('sha256').update(images.labels).digest('hex').slice(0, 16)
  facts['pixels of data'] = looks
  facts['weights of teacher'] = teacher
  return facts
}

/** What to say of a rank's facts where another's differ. */
export function remarksOn({ isStreamed }: Images): Remarks {
  const advice = "Give all ranks one `stream`, 'on' or 'off': 'auto' decides by the memory that a rank finds."
  return { [numberOfImages]: { text: countedImages(isStreamed), advice } }
}

function collect(tree: object, prefix: string, into: Record<string, unknown>): void {
  for (const [key, value] of Object.entries(tree)) {
    const name = prefix + key
    if (perRank.has(name)) continue
    if (isTree(value)) collect(value, `${name}.`, into)
    else into[name] = value
  }
}
