/** What the ranks of a run must have in common: options and data. */
import { createHash } from 'node:crypto'
import { leaves } from '../config/layers.ts'
import { perRank } from '../config/may-differ.ts'
import type { ResolvedConfig } from '../config/resolved.ts'
import { countedImages, type Images } from '../data/images.ts'
import type { Facts, Remarks } from './ranks.ts'

const numberOfImages = 'number of images in data'

/** `fingerprint`: of the images; `teacher`: the checksum of its weights. */
export function factsOf(
  config: ResolvedConfig,
  images: Images,
  { fingerprint, teacher }: { fingerprint: string; teacher: string | null },
): Facts {
  const common = [...leaves(config)].filter(([name]) => !perRank.has(name))
  const facts: Record<string, unknown> = Object.fromEntries(common)
  facts['kind of device'] = config.device.replace(/:\d+$/, '')
  facts[numberOfImages] = images.count
  facts['classes of data'] = images.classNames
  facts['labels of data'] =
    images.labels && createHash('sha256').update(images.labels).digest('hex').slice(0, 16)
  facts['pixels of data'] = fingerprint
  facts['weights of teacher'] = teacher
  return facts
}

/** What to say of a rank's facts where another's differ. */
export function remarksOn({ isStreamed }: Images): Remarks {
  const advice = "Give all ranks one `stream`, 'on' or 'off': 'auto' decides by the memory that a rank finds."
  return { [numberOfImages]: { text: countedImages(isStreamed), advice } }
}
