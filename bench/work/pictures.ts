/** Procedural scenes as decoded images and as files: no data set needed, the same for both sides. */
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import sharp from 'sharp'
import type { NativeImageStore } from '../../lib/addon/interface.ts'
import { loadAddon } from '../../lib/addon/load.ts'

export interface Pictures {
  images: number
  width: number
  height: number
}

/** Decoded, in native memory. */
export async function pictures({ width, height, images }: Pictures): Promise<NativeImageStore> {
  const { ImageStore } = loadAddon()
  const size = Math.max(width, height)
  const square = new ImageStore(images)
  await square.fillScenes({ seed: 1, first: 0, count: images, size })
  const store = new ImageStore(images)
  for (let i = 0; i < images; i++) {
    const { data, channels } = square.get(i)
    store.set(i, { data: data.subarray(0, width * height * channels), width, height, channels })
  }
  square.dispose()
  return store
}

/** Writes them into `classes` folders of `folder`; JPEG of quality 90 as cameras' subsampling has it. Returns the paths. */
export async function writePictures(
  store: NativeImageStore,
  folder: string,
  format: 'png' | 'jpeg',
  classes = 1,
): Promise<string[]> {
  const paths: string[] = []
  for (let i = 0; i < store.count; i++) {
    const { data, width, height, channels } = store.get(i)
    const into = join(folder, `class${i % classes}`)
    if (i < classes) await mkdir(into, { recursive: true })
    const path = join(into, `${`${i}`.padStart(5, '0')}.${format}`)
    const raw = sharp(data, { raw: { width, height, channels } })
    await (format === 'png' ? raw.png() : raw.jpeg({ quality: 90 })).toFile(path)
    paths.push(path)
  }
  return paths
}
