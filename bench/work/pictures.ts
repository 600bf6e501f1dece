/** Decoded images as files, the same for both sides. */
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import sharp from 'sharp'
import type { NativeImageStore } from '../../lib/addon/interface.ts'

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
