/** Pictures to measure with: no data set needed, the same every time. */
import type { NativeImageStore } from '../addon/interface.ts'
import { loadAddon } from '../addon/load.ts'

export interface Scenes {
  images: number
  /** At least the height. */
  width: number
  height: number
  seed?: number
}

/** The upper part of square scenes, in native memory. */
export async function sceneStore({ images, width, height, seed = 0 }: Scenes): Promise<NativeImageStore> {
  const store = new (loadAddon().ImageStore)(images)
  await store.fillScenes({ seed, first: 0, count: images, size: width })
  if (width === height) return store
  for (let i = 0; i < images; i++) {
    const { data, channels } = store.get(i)
    store.set(i, { data: data.subarray(0, width * height * channels), width, height, channels })
  }
  return store
}
