import { expect } from 'chai'

import type { AugmentPlan, RawImage, ViewParameters } from '../../lib/addon/interface.ts'
import { loadAddon } from '../../lib/addon/load.ts'
import { lower, simclrFamily, simclrSettings } from '../../lib/augment/index.ts'
import { noise, views } from './make-views.ts'
import { largestDifference } from './support.ts'

const kind = ({ flip, verticalFlip, turns }: Moves) => `${flip} ${verticalFlip} ${turns}`

type Moves = Pick<ViewParameters, 'flip' | 'verticalFlip' | 'turns'>

/** numpy's fliplr, flipud and rot90 of [size, size, 3], by their definitions. */
function moved(pixels: Float32Array, size: number, { flip, verticalFlip, turns }: Moves): Float32Array {
  const last = size - 1
  const by = (image: Float32Array, source: (y: number, x: number) => [number, number]) => {
    const out = new Float32Array(image.length)
    for (let y = 0; y < size; y++) {
      for (let x = 0; x < size; x++) {
        const [row, column] = source(y, x)
        for (let c = 0; c < 3; c++) out[(y * size + x) * 3 + c] = image[(row * size + column) * 3 + c]!
      }
    }
    return out
  }
  let image = pixels
  if (flip) image = by(image, (y, x) => [y, last - x])
  if (verticalFlip) image = by(image, (y, x) => [last - y, x])
  for (let turn = 0; turn < turns; turn++) image = by(image, (y, x) => [x, last - y])
  return image
}

/** Every view of a plan beside the upright one that its parameters move. */
async function pairs(
  images: RawImage[],
  plan: AugmentPlan,
  path: string,
): Promise<{ made: Float32Array; due: Float32Array; moves: Moves }[]> {
  const augmenter = new (loadAddon().Augmenter)(plan)
  const upright = await views(images, { ...plan, flip: 0, verticalFlip: 0, turn: null }, { path })
  return (await views(images, plan, { path })).flatMap((row, view) =>
    row.map((made, index) => {
      const { width, height } = images[index]!
      const moves = augmenter.parameters({ seed: 7, epoch: 0, index, view, width, height })
      return { made, due: moved(upright[view]![index]!, plan.size, moves), moves }
    }),
  )
}

const often = { flip: 0.5, verticalFlip: 0.5, turn: { probability: 0.75, mode: 'any' } } as const

for (const path of loadAddon().augmentPaths()) {
  describe(`flips and turns of the ${path} path`, () => {
    for (const [size, count] of [
      [32, 64],
      [1, 4],
      [17, 32],
      [50, 32],
      [70, 16],
      [224, 8],
    ] as const) {
      it(`move the pixels of ${size} px and change none`, async () => {
        const images = Array.from({ length: count }, (_, i) => noise(40 + i, 75 - i, i % 3 ? 3 : 1, i))
        const family = simclrFamily({
          ...simclrSettings('torch', size, 0),
          jitter: 0,
          gray: 0,
          blur: 0,
          mean: null,
          std: null,
        })
        const made = await pairs(
          images,
          { ...lower(family, size), ...often, solarize: { probability: 0.3, threshold: 0.5 } },
          path,
        )
        for (const { made: pixels, due } of made) expect(largestDifference(pixels, due)).to.equal(0)
        if (size === 32) expect(new Set(made.map(({ moves }) => kind(moves)))).to.have.property('size', 16)
      })
    }

    for (const convention of ['paper', 'torch'] as const) {
      it(`leave colours, blur and normalisation what they are (${convention})`, async () => {
        const images = Array.from({ length: 32 }, (_, i) => noise(60, 47, i % 3 ? 3 : 1, i))
        const settings = { ...simclrSettings(convention, 70, 1), gray: 0.3, blur: 0.7, solarize: 0.3 }
        const family = simclrFamily({ ...settings, mean: [0.1, 0.4, 0.7], std: [0.2, 0.3, 0.5] })
        for (const { made, due } of await pairs(images, { ...lower(family, 70), ...often }, path)) {
          expect(largestDifference(made, due)).to.be.at.most(1e-4)
        }
      })
    }
  })
}
