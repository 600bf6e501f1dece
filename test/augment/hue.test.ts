import { expect } from 'chai'
import type { AugmentPlan } from '../../lib/addon/interface.ts'
import { loadAddon } from '../../lib/addon/load.ts'
import { lower, simclrFamily, simclrSettings } from '../../lib/augment/index.ts'
import { noise, views } from './make-views.ts'
import { largestDifference } from './support.ts'

const size = 24
/** Nothing but jitter, so that a view is its image with other colours. */
function jitterOnly(changes: Partial<NonNullable<AugmentPlan['jitter']>>): AugmentPlan {
  const jitter = lower(simclrFamily(simclrSettings('torch', size, 1)), size).jitter!
  return { ...lower([], size), jitter: { ...jitter, probability: 1, ...changes } }
}
const hueAlone = { brightness: 0, contrast: 0, saturation: 0 }
const images = Array.from({ length: 12 }, (_, i) => noise(size, size, 3, i + 1))

describe('fast hue', () => {
  it('turns colours about the axis of greys by the angle that was drawn, and clips', async () => {
    const plan = jitterOnly({ ...hueAlone, hue: 0.5, hueMode: 'fast' })
    const [first] = await views(images, plan)
    const augmenter = new (loadAddon().Augmenter)(plan)
    for (const [index, image] of images.entries()) {
      const drawn = augmenter.parameters({ seed: 7, epoch: 0, index, view: 0, width: size, height: size })
      const angle = 2 * Math.PI * drawn.jitter!.hue
      const expected = Float64Array.from(image.data, (_, i) => {
        const pixel = i - (i % 3)
        const c = i % 3
        const at = (k: number) => image.data[pixel + ((c + k) % 3)]! / 255
        // Rodrigues' rotation about (1, 1, 1) / √3.
        const along = (at(0) + at(1) + at(2)) / 3
        const across = (at(2) - at(1)) * Math.sqrt(1 / 3)
        const turned = along + (at(0) - along) * Math.cos(angle) + across * Math.sin(angle)
        return Math.min(1, Math.max(0, turned))
      })
      expect(largestDifference(first![index]!, expected), `image ${index}`).to.be.below(2e-6)
    }
  })

  it('leaves greys, and does nothing where no hue is drawn', async () => {
    const grey = [noise(size, size, 1)]
    const untouched = await views(grey, jitterOnly({ ...hueAlone, hue: 0 }))
    const turned = await views(grey, jitterOnly({ ...hueAlone, hue: 0.5, hueMode: 'fast' }))
    expect(largestDifference(turned[0]![0]!, untouched[0]![0]!)).to.be.below(1e-6)
    const none = await views(images, jitterOnly({ hue: 0, hueMode: 'fast' }))
    const exact = await views(images, jitterOnly({ hue: 0 }))
    for (const i of images.keys()) expect(largestDifference(none[0]![i]!, exact[0]![i]!)).to.be.below(2e-6)
  })

  it('turns in the direction of the exact one, which it is close to and not equal to', async () => {
    const error = async (hue: number) => {
      const [exact] = await views(images, jitterOnly({ ...hueAlone, hue }))
      const [fast] = await views(images, jitterOnly({ ...hueAlone, hue, hueMode: 'fast' }))
      const [still] = await views(images, jitterOnly({ ...hueAlone, hue: 0 }))
      const away = (other: Float32Array[]) =>
        other.reduce(
          (sum, view, i) =>
            sum + view.reduce((total, x, k) => total + Math.abs(x - exact![i]![k]!), 0) / view.length,
          0,
        ) / other.length
      return { fast: away(fast!), still: away(still!) }
    }
    const { fast, still } = await error(0.5)
    expect(fast).to.be.above(0.005)
    expect(fast).to.be.below(still / 2)
  })
})
