import { expect } from 'chai'

import type { AugmentPlan, RawImage } from '../../lib/addon/interface.ts'
import { loadAddon } from '../../lib/addon/load.ts'
import { evaluationFamily, lower, simclrFamily, simclrSettings } from '../../lib/augment/index.ts'
import { noise, views } from './make-views.ts'
import { largestDifference } from './support.ts'

/** Everything on often, so that few views cover every combination. */
function busy(convention: 'paper' | 'torch', size: number, changes: Partial<AugmentPlan> = {}): AugmentPlan {
  const settings = {
    ...simclrSettings(convention, size, 1),
    gray: 0.3,
    blur: 0.5,
    solarize: 0.3,
    verticalFlip: 0.5,
    quarterTurn: 0.75,
  }
  return { ...lower(simclrFamily(settings), size), ...changes }
}

const cases: Record<string, { plan: AugmentPlan; images: RawImage[] }> = {}
for (const convention of ['paper', 'torch'] as const) {
  for (const [size, width, height] of [
    [32, 32, 32],
    [28, 28, 28],
    [17, 40, 23],
    [50, 47, 61],
    [96, 120, 100],
    [130, 75, 200],
  ] as const) {
    const images = Array.from({ length: 24 }, (_, i) => noise(width, height, i % 3 ? 3 : 1, i))
    cases[`${convention}, ${size} px from ${width} x ${height}`] = { plan: busy(convention, size), images }
  }
  cases[`${convention}, added brightness`] = {
    plan: busy(convention, 32, {
      jitter: { ...busy(convention, 32).jitter!, brightnessMode: 'add', probability: 1 },
    }),
    images: Array.from({ length: 24 }, (_, i) => noise(33, 31, 3, i)),
  }
  for (const mode of ['multiply', 'add'] as const) {
    cases[`${convention}, fast hue, brightness to ${mode}`] = {
      plan: busy(convention, 32, {
        jitter: {
          ...busy(convention, 32).jitter!,
          brightnessMode: mode,
          hueMode: 'fast',
          probability: 1,
        },
      }),
      images: Array.from({ length: 48 }, (_, i) => noise(33, 31, i % 4 ? 3 : 1, i)),
    }
  }
  cases[`${convention}, evaluation`] = {
    plan: lower(evaluationFamily(convention, 64), 64),
    images: [noise(200, 90, 3), noise(31, 300, 1), noise(64, 64, 3)],
  }
  cases[`${convention}, images of a few pixels`] = {
    plan: busy(convention, 24),
    images: [noise(1, 1, 3), noise(2, 1, 3), noise(1, 3, 1), noise(3, 2, 3), noise(500, 1, 3)],
  }
  cases[`${convention}, shrunk forty times`] = {
    plan: busy(convention, 20),
    images: [noise(800, 850, 3), noise(900, 640, 1)],
  }
}
cases['torch, bicubic'] = {
  plan: busy('torch', 48, { crop: { ...busy('torch', 48).crop!, filter: 'bicubic' } }),
  images: Array.from({ length: 24 }, (_, i) => noise(100, 80, 3, i)),
}
cases['paper, bilinear'] = {
  plan: busy('paper', 48, { crop: { ...busy('paper', 48).crop!, filter: 'bilinear' } }),
  images: Array.from({ length: 24 }, (_, i) => noise(100, 80, 3, i)),
}
cases['without jitter'] = {
  plan: busy('paper', 32, { jitter: null }),
  images: Array.from({ length: 24 }, (_, i) => noise(40, 40, 3, i)),
}

describe('paths', () => {
  it('end with the plain one', () => {
    const paths = loadAddon().augmentPaths()
    expect(paths.length).to.be.at.least(2)
    expect(paths.at(-1)).to.equal('plain')
  })

  it('are named when another is asked for', async () => {
    const plan = lower([], 8)
    const error = await views([noise(8, 8, 3)], plan, { path: 'avx9' }).then(
      () => null,
      (error: unknown) => error,
    )
    expect(error).to.have.property('code', 'ERR_SIMCLR_INVALID_ARGUMENT')
    expect(error)
      .to.have.property('message')
      .that.matches(/plain.*`path`.*avx9/)
  })

  for (const path of loadAddon().augmentPaths().slice(0, -1)) {
    describe(`${path} gives what the plain path gives`, () => {
      for (const [name, { plan, images }] of Object.entries(cases)) {
        it(name, async () => {
          const wanted = (await views(images, plan, { path: 'plain' })).flat()
          const made = (await views(images, plan, { path })).flat()
          made.forEach((pixels, i) => {
            expect(largestDifference(pixels, wanted[i]!)).to.be.at.most(2e-5)
          })
        })
      }
    })
  }
})
