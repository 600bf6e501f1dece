import { readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { expect } from 'chai'
import { lower, simclrFamily, simclrSettings } from '../../lib/augment/index.ts'
import { ops } from '../../lib/ops/index.ts'
import { views } from '../augment/make-views.ts'
import { chiSquare, critical } from '../augment/support.ts'
import { temporaryFolder } from '../support/folder.ts'
import { needLightly, runPython } from '../support/python.ts'

const script = fileURLToPath(new URL('../interop/orientations.py', import.meta.url))
const [width, height, draws] = [7, 9, 8000]
const chances = { flip: 0.5, verticalFlip: 0.3, quarterTurn: 0.6 }

describe("torchvision's flips and turns, lightly's draws of them", function () {
  this.timeout(600_000)
  const path = temporaryFolder()
  const data = Uint8Array.from({ length: width * height * 3 }, (_, i) => (i * 89) % 251)

  before(function () {
    const python = needLightly(this)
    writeFileSync(path('image'), data)
    const { flip, verticalFlip, quarterTurn } = chances
    const numbers = [width, height, flip, verticalFlip, quarterTurn, draws].map(String)
    runPython(python, script, path('image'), ...numbers, path())
  })

  it('flips and turns are the same bytes', () => {
    const due = (name: string) => new Uint8Array(readFileSync(path(name)))
    const image = { data, width, height }
    for (const name of ['horizontal_flip', 'vertical_flip'])
      expect(ops.augment(`torch.${name}`, image).data).to.deep.equal(due(name))
    for (const k of [0, 1, 2, 3]) {
      const turned = ops.augment('torch.rot90', image, { k })
      expect(turned.data).to.deep.equal(due(`rot90_${k}`))
      expect([turned.width, turned.height]).to.deep.equal(k % 2 ? [height, width] : [width, height])
    }
    const square = { data: data.slice(0, width * width * 3), width, height: width }
    expect(ops.augment('torch.rot90', square, { k: 1 }).data).to.deep.equal(due('rotate_90'))
  })

  it("`quarterTurnMode: 'left'` draws the eight orientations as often as SimCLRTransform", async () => {
    const theirs = JSON.parse(readFileSync(path('draws.json'), 'utf8')) as Record<string, number>
    const square = Uint8Array.from({ length: 8 * 8 * 3 }, (_, i) => {
      const x = Math.floor(i / 3) % 8
      const y = Math.floor(i / 24)
      return 60 * (2 * Number(y > 3) + Number(x > 3))
    })
    const settings = { ...simclrSettings('torch', 8, 0), jitter: 0, gray: 0, mean: null, std: null }
    const [, ...family] = simclrFamily({ ...settings, ...chances, quarterTurnMode: 'left' })
    const image = { data: square, width: 8, height: 8, channels: 3 } as const
    const ours: Record<string, number> = {}
    for (const view of (await views(new Array(draws / 2).fill(image), lower(family, 8))).flat()) {
      const [left, right] = [1, 6].map((x) => Math.round((view[(8 + x) * 3]! * 255) / 60))
      ours[`${left}${right}`] = (ours[`${left}${right}`] ?? 0) + 1
    }
    expect(Object.keys(ours).sort()).to.deep.equal(Object.keys(theirs).sort())
    // Two samples of one size: either against their mean has half the χ² each.
    const keys = Object.keys(ours)
    const means = keys.map((key) => (ours[key]! + theirs[key]!) / 2)
    const both = [ours, theirs].map((counts) =>
      chiSquare(
        keys.map((key) => counts[key]!),
        means,
      ),
    )
    expect(both[0]! + both[1]!).to.be.below(critical(7))
  })
})
