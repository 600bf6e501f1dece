/** Whether two sets are the same images, as far as some of them tell. */
import { createHash } from 'node:crypto'
import { type Images, inChunks } from './images.ts'
import { evenly } from './indices.ts'

/** Images whose pixels are looked at. */
const looked = 64

/** A checksum over the pixels of some images, evenly spread. Another decoder can give another one. Rejects with the signal's reason. */
export async function fingerprintOf(images: Images, signal?: AbortSignal): Promise<string> {
  const { store, count } = images
  const hash = createHash('sha256')
  const look = async (held: Uint32Array) => {
    for (const index of held) {
      const { data, width, height, channels } = store.get(index)
      hash.update(`${width}x${height}x${channels}`).update(data)
    }
  }
  await inChunks({ images, indices: evenly(count, looked) }, look, signal)
  return hash.digest('hex').slice(0, 16)
}
