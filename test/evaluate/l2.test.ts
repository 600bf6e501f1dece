import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { expect } from 'chai'
import { loadAddon } from '../../lib/addon/load.ts'
import { evaluate } from '../../lib/evaluate/evaluate.ts'
import { l2Grid } from '../../lib/evaluate/l2.ts'
import { splitByClass } from '../../lib/evaluate/split.ts'
import { ops } from '../../lib/ops/index.ts'
import { needTorchvision } from '../support/python.ts'
import { rejection } from '../support/rejection.ts'

const addon = loadAddon()

/** Numbers of the open interval (0, 1), the same ones every time. */
function generator(seed: number): () => number {
  let state = seed
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    return (state + 0.5) / 2 ** 32
  }
}

/** Noisy images of 8 x 8 pixels: class c is brighter in its own three pixels. More numbers than images, so that penalties matter. */
function noisy(count: number, seed: number) {
  const random = generator(seed)
  const labels = Array.from({ length: count }, (_, i) => (i % 7 === 0 ? 2 : i % 2))
  const images = labels.map((label) => ({
    data: Uint8Array.from(
      { length: 64 },
      (_, p) => 60 + 100 * random() + (Math.floor(p / 3) === label ? 30 : 0),
    ),
    width: 8,
    height: 8,
    channels: 1 as const,
  }))
  return { images, labels }
}

function partOf({ images, labels }: ReturnType<typeof noisy>, rows: Uint32Array) {
  return { images: Array.from(rows, (i) => images[i]!), labels: Array.from(rows, (i) => labels[i]!) }
}

describe('the penalty of the linear probe', function () {
  this.timeout(120_000)
  const data = noisy(120, 1)
  const test = noisy(60, 2)
  const linear = { encoder: 'raw', probe: 'linear', imageSize: 8 } as const

  it('of several is that which a loop over held-out images finds, of equally good ones the strongest', async () => {
    const penalties = [1e-5, 0.01, 0.1, 0.3, 1, 3, 1e5]
    for (const seed of [0, 1]) {
      const rows = splitByClass(addon, Int32Array.from(data.labels), seed)
      const [learnt, held] = [partOf(data, rows.learnt), partOf(data, rows.held)]
      let best = { l2: 0, accuracy: -1 }
      const tried = []
      for (const l2 of penalties) {
        const { accuracy } = await evaluate({ ...linear, data: learnt, test: held, l2 })
        tried.push({ l2, accuracy })
        if (accuracy >= best.accuracy) best = { l2, accuracy }
      }
      const result = await evaluate({ ...linear, data, test, l2: penalties, seed })
      expect(result.l2Tried).to.deep.equal(tried)
      expect(result.l2).to.equal(best.l2)
      expect(result.images).to.equal(120)
      // What is tested has learnt from all images.
      const refitted = await evaluate({ ...linear, data, test, l2: best.l2 })
      expect(refitted.accuracy).to.equal(result.accuracy)
      expect(new Set(tried.map(({ accuracy }) => accuracy)).size, 'penalties that differ').to.be.above(2)
    }
  })

  it("'auto' tries the paper's, 45 from 1e-6 to 1e5", async () => {
    const { l2, l2Tried } = await evaluate({ ...linear, data, test, l2: 'auto' })
    expect(l2Tried.map((tried) => tried.l2)).to.deep.equal(l2Grid)
    expect(l2Grid).to.have.length(45)
    expect([l2Grid[0], l2Grid[1], l2Grid[4], l2Grid[44]]).to.deep.equal([1e-6, 1.77827941004e-6, 1e-5, 1e5])
    expect(l2Grid).to.include(l2)
  })

  it('one that is given is told as it is, and 1e-3 where none is', async () => {
    expect(await evaluate({ ...linear, data, test, l2: 0.5 })).to.deep.include({ l2: 0.5, l2Tried: [] })
    expect(await evaluate({ ...linear, data, test })).to.deep.include({ l2: 1e-3, l2Tried: [] })
    expect(await evaluate({ encoder: 'raw', data, test })).to.deep.include({ l2: null, l2Tried: [] })
  })

  it('is chosen on a fifth of each class, another one for each seed', () => {
    const labels = Int32Array.from({ length: 200 }, (_, i) => (i === 50 ? 3 : i % 4 === 0 ? 7 : i % 2))
    const held = [0, 1].map((seed) => {
      const { learnt, held } = splitByClass(addon, labels, seed)
      expect([...learnt, ...held].sort((a, b) => a - b)).to.deep.equal([...labels.keys()])
      const count = (label: number) => held.filter((row) => labels[row] === label).length
      expect([count(7), count(1), count(0), count(3)]).to.deep.equal([10, 20, 10, 0])
      return [...held]
    })
    expect(held[0]).not.to.deep.equal(held[1])
  })

  it('refuses what leaves no choice', async () => {
    const four = { ...noisy(3, 1), labels: [0, 1, 2] }
    const error = await rejection(evaluate({ ...linear, data: four, test: four, l2: 'auto' }))
    expect(error).to.have.property('code', 'ERR_SIMCLR_DATA')
    expect(error.message).to.contain('a class with two images in `data` to choose `l2` on')
    for (const [change, part] of [
      [{ l2: 'best' }, "several of them to choose among or 'auto' for `l2` but received 'best'"],
      [{ l2: [] }, '`l2` but received []'],
      [{ l2: [1, -1] }, '`l2`'],
      [{ l2: 1, seed: 2 }, 'no value where `l2` is one number for `seed` but received 2'],
    ] as const) {
      const error = await rejection(evaluate({ ...linear, data, test, ...change } as never))
      expect(error).to.have.property('code', 'ERR_SIMCLR_INVALID_ARGUMENT')
      expect(error.message).to.contain(part)
    }
  })
})

describe("the penalty's convention", () => {
  let python: string
  before(function () {
    python = needTorchvision(this)
  })

  it('is l2 |W|², without a half, added to the mean cross entropy: as PyTorch finds it in float64', async () => {
    const random = generator(3)
    const labels = Int32Array.from({ length: 90 }, (_, i) => (i % 9 === 0 ? 2 : i % 3 === 0 ? 1 : 0))
    const features = Array.from(labels, (label) => [label + 2 * random(), 5 * random() - label])
    // Along a line: how strong the penalty is moves the bounds between the classes, which are unequally frequent.
    const queries = Array.from({ length: 2000 }, (_, i) => [i / 400, 5 - i / 300])
    const l2 = 0.05
    const { status, stdout, stderr } = spawnSync(
      python,
      [fileURLToPath(new URL('../interop/logistic.py', import.meta.url))],
      { input: JSON.stringify({ features, labels: [...labels], queries, classes: 3, l2 }), encoding: 'utf8' },
    )
    expect(status, stderr).to.equal(0)
    const expected = JSON.parse(stdout) as { classes: number[]; half: number[] }
    const found = await ops.linearProbe(
      Float32Array.from(features.flat()),
      labels,
      Float32Array.from(queries.flat()),
      { dim: 2, l2 },
    )
    const differing = (other: number[]) => other.filter((label, i) => label !== found[i]).length
    expect(differing(expected.classes)).to.be.below(5)
    expect(differing(expected.half)).to.be.above(50)
  })
})
