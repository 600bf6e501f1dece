/** Images a second that decoding reaches. */
import pMap from 'p-map'
import sharp from 'sharp'
import { decodeImage } from '../data/decode.ts'
import { sceneStore } from './scenes.ts'

/** JPEG files of 500 x 375 pixels, in memory. */
export async function photographs(): Promise<Uint8Array[]> {
  const store = await sceneStore({ images: 16, width: 500, height: 375 })
  try {
    return await Promise.all(
      Array.from({ length: store.count }, (_, i) => {
        const { data, ...raw } = store.get(i)
        return sharp(data, { raw }).jpeg({ quality: 90 }).toBuffer()
      }),
    )
  } finally {
    store.dispose()
  }
}

/** Decodes them again and again, `threads` at a time, for so many seconds. */
export async function decodeRate(
  photos: readonly Uint8Array[],
  shorterSide: number,
  threads: number,
  seconds: number,
): Promise<number> {
  const options = { shorterSide, maxPixels: 1e8 }
  const once = () => pMap(photos, (photo) => decodeImage(photo, options), { concurrency: threads })
  await once()
  const begin = performance.now()
  let images = 0
  while (performance.now() - begin < 1000 * seconds) {
    await once()
    images += photos.length
  }
  return (1000 * images) / (performance.now() - begin)
}
