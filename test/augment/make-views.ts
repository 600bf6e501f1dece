import { expect } from 'chai'

import type { AugmentPlan, RawImage } from '../../lib/addon/interface.ts'
import { loadAddon } from '../../lib/addon/load.ts'

/** An image of random bytes, the same ones every time. */
export function noise(width: number, height: number, channels: 1 | 3, seed = 1): RawImage {
  let state = seed
  const data = Uint8Array.from({ length: width * height * channels }, () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    return state >>> 24
  })
  return { data, width, height, channels }
}

/** Views of some images, by the fastest path or the one named: element [view][image] is [size, size, 3] floats. */
export async function views(
  images: RawImage[],
  plan: AugmentPlan,
  { threads = 1, count = 2, seed = 7, epoch = 0, rows = images.map((_, i) => i), path = '' } = {},
): Promise<Float32Array[][]> {
  const addon = loadAddon()
  const store = new addon.ImageStore(images.length)
  images.forEach((image, i) => {
    store.set(i, image)
  })
  const batch = new addon.Augmenter(plan).batch(store, {
    indices: Uint32Array.from(rows),
    epochs: new Uint32Array(rows.length).fill(epoch),
    seed,
    views: count,
    labels: null,
  })
  expect([batch.count, batch.views]).to.deep.equal([rows.length, count])
  const pixels = await batch.pixels(path === '' ? { threads } : { threads, path })
  const length = plan.size * plan.size * 3
  expect(pixels.length).to.equal(count * rows.length * length)
  return Array.from({ length: count }, (_, view) =>
    rows.map((_, row) =>
      pixels.slice((view * rows.length + row) * length, (view * rows.length + row + 1) * length),
    ),
  )
}
