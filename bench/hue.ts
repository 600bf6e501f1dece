/**
 * node --import tsx bench/hue.ts --data DATA [--images N] [--strength S]
 *
 * How far views with fast hue are from the exact ones, in levels of 0 to 255, over every pixel of views of real images:
 * hue alone, and the whole recipe (`torch`, 32 px). Beside it what hue itself changes, to compare with.
 */
import type { AugmentPlan } from '../lib/addon/interface.ts'
import { loadAddon } from '../lib/addon/load.ts'
import { lower, simclrFamily, simclrSettings } from '../lib/augment/index.ts'
import { readImages } from '../lib/data/images.ts'
import { given, numberOf, readFlags } from '../scripts/command-line.mjs'

const { values } = readFlags({
  options: {
    data: { type: 'string' },
    images: { type: 'string', default: '1000' },
    strength: { type: 'string', default: '0.5' },
  },
})
const data = given('data', values.data, 'DIR')
const limit = numberOf('images', values.images, 1)
const strength = numberOf('strength', values.strength)
const size = 32
const images = await readImages(data, { imageSize: size, limit })
const indices = Uint32Array.from({ length: images.count }, (_, i) => i)

/** Levels of two views of every image. */
async function levels(plan: AugmentPlan): Promise<Uint8Array> {
  const batch = new (loadAddon().Augmenter)({ ...plan, normalize: null }).batch(images.store, {
    indices,
    epochs: new Uint32Array(indices.length),
    seed: 0,
    views: 2,
    labels: null,
  })
  return Uint8Array.from(await batch.pixels({ threads: 2 }), (x) => Math.round(255 * x))
}

function difference(a: Uint8Array, b: Uint8Array): { mean: number; max: number } {
  let sum = 0
  let max = 0
  for (let i = 0; i < a.length; i++) {
    const by = Math.abs(a[i]! - b[i]!)
    sum += by
    max = Math.max(max, by)
  }
  return { mean: sum / a.length, max }
}

const recipe = lower(simclrFamily(simclrSettings('torch', size, strength)), size)
const jitter = recipe.jitter!
const alone = { ...jitter, probability: 1, brightness: 0, contrast: 0, saturation: 0 }
for (const [name, plan] of [
  ['hue alone', { ...lower([], size), jitter: alone }],
  ['whole recipe', recipe],
] as const) {
  const mode = (hueMode: 'exact' | 'fast', hue = jitter.hue): AugmentPlan => ({
    ...plan,
    jitter: { ...plan.jitter!, hueMode, hue },
  })
  const exact = await levels(mode('exact'))
  const fast = difference(await levels(mode('fast')), exact)
  const none = difference(await levels(mode('exact', 0)), exact)
  const figures = {
    fastMean: fast.mean,
    fastMax: fast.max,
    withoutHueMean: none.mean,
    withoutHueMax: none.max,
  }
  console.log(JSON.stringify({ name, strength, images: images.count, ...figures }))
}
await images.dispose()
