import { execFileSync } from 'node:child_process'
import { availableParallelism } from 'node:os'
import { fileURLToPath } from 'node:url'
import { expect } from 'chai'

import { numberFrom, workScript } from '../../bench/measure/memory.ts'
import { loadAddon } from '../../lib/addon/load.ts'
import { largest, largestDifference } from '../../lib/verify/compare.ts'
import { naiveNtXent, randomRows } from './naive.ts'

interface Options {
  temperature?: number
  scale?: 1 | 2
  normalize?: boolean
  replicas?: number
  views?: number
  plain?: boolean
  input?: 'bf16' | 'fp16'
}

const dim = 6

function ntXent(z: Float64Array | Float32Array, options: Options = {}) {
  return loadAddon().ntXent(z, { dim, temperature: 0.2, scale: 2, normalize: true, ...options })
}

/** Rows of the images in another order, both views alike. */
function permuted(z: Float64Array, order: number[]): Float64Array {
  const half = z.length / 2
  return Float64Array.from(z, (_, i) => {
    const view = i < half ? 0 : half
    const row = Math.floor((i - view) / dim)
    return z[view + order[row]! * dim + ((i - view) % dim)]!
  })
}

/** To `bits` significant binary digits, halves to even; `least`: exponent of the smallest normal number. */
function roundTo(value: number, bits: number, least: number): number {
  const exponent = Math.max(Math.floor(Math.log2(Math.abs(value))), least)
  const unit = 2 ** (exponent - bits + 1)
  const floor = Math.floor(value / unit)
  const rest = value / unit - floor
  const up = rest > 0.5 || (rest === 0.5 && floor % 2 !== 0)
  return (floor + (up ? 1 : 0)) * unit
}

describe('NT-Xent', function () {
  this.timeout(120_000)
  describe('equals a naive double loop (float64)', () => {
    // Counts around the tiles' and the vectors' edges; 700 images take tiles of several sizes.
    for (const images of [1, 2, 3, 8, 15, 16, 17, 33, 64, 65, 130, 700]) {
      it(`${images} images`, () => {
        const z = randomRows(2 * images * dim, images + 1)
        for (const temperature of images > 100 ? [0.2] : [0.01, 0.02, 0.03, 0.1, 0.5, 1]) {
          for (const normalize of [true, false]) {
            const naive = naiveNtXent(z, { dim, temperature, normalize })
            for (const plain of [false, true]) {
              const result = ntXent(z, { temperature, normalize, plain })
              const what = `temperature ${temperature}, normalize ${normalize}, plain ${plain}`
              expect(result.loss, what).to.be.closeTo(naive.loss, 1e-11 * Math.max(1, naive.loss))
              expect(result.contrastiveAccuracy, what).to.equal(naive.accuracy)
              expect(result.entropy, what).to.be.closeTo(naive.entropy, 2e-7)
              expect(largestDifference(result.gradient, naive.gradient), what).to.be.at.most(
                1e-11 * Math.max(1, largest(naive.gradient)),
              )
            }
          }
        }
      })
    }
  })

  describe('of more than two views equals the naive loop over each row and each of its partners (float64)', () => {
    for (const views of [3, 4, 5]) {
      // 17 and 65 images make an odd number of strips a view, which an odd number of views leaves odd.
      for (const [images, replicas] of [
        [1, 1],
        [2, 1],
        [17, 1],
        [65, 1],
        [130, 1],
        [34, 2],
        [34, 5],
      ] as const) {
        it(`${views} views of ${images} images on ${replicas} replicas`, () => {
          const z = randomRows(views * images * dim, images + views)
          for (const temperature of images > 100 ? [0.2] : [0.01, 0.03, 0.5]) {
            for (const normalize of [true, false]) {
              const naive = naiveNtXent(z, { dim, temperature, normalize, views })
              for (const plain of [false, true]) {
                const result = ntXent(z, { temperature, normalize, plain, views, replicas })
                const what = `temperature ${temperature}, normalize ${normalize}, plain ${plain}`
                expect(result.loss, what).to.be.closeTo(naive.loss, 1e-11 * Math.max(1, naive.loss))
                expect(result.contrastiveAccuracy, what).to.be.closeTo(naive.accuracy, 1e-12)
                expect(result.entropy, what).to.be.closeTo(naive.entropy, 2e-7)
                expect(largestDifference(result.gradient, naive.gradient), what).to.be.at.most(
                  1e-10 * Math.max(1, largest(naive.gradient)),
                )
              }
            }
          }
        })
      }
    }

    it('has the gradient that finite differences find', () => {
      const z = randomRows(3 * 4 * dim, 8)
      const { gradient } = ntXent(z, { temperature: 0.1, views: 3 })
      const step = 1e-6
      for (let i = 0; i < z.length; i++) {
        const at = (delta: number) =>
          ntXent(
            z.map((x, j) => (j === i ? x + delta : x)),
            { temperature: 0.1, views: 3 },
          ).loss
        const slope = (at(step) - at(-step)) / (2 * step)
        expect(gradient[i]!).to.be.closeTo(slope, 1e-6 * Math.max(1, largest(gradient)))
      }
    })

    it('stays close to float64 in float32 where one partner is near and another one far, at any temperature', () => {
      const images = 40
      const z = Float32Array.from(randomRows(3 * images * dim, 15))
      // Second views are almost the first ones, third ones their opposites.
      for (let i = 0; i < images * dim; i++) {
        z[images * dim + i] = z[i]! * 1.001 + 1e-4
        z[2 * images * dim + i] = -z[i]!
      }
      for (const temperature of [0.003, 0.01, 0.03, 0.5]) {
        const exact = ntXent(Float64Array.from(z), { temperature, views: 3 })
        for (const plain of [false, true]) {
          const single = ntXent(z, { temperature, views: 3, plain })
          expect(single.loss / exact.loss).to.be.closeTo(1, 1e-5 * Math.max(1, 0.02 / temperature))
          expect(largestDifference(single.gradient, exact.gradient)).to.be.at.most(
            5e-5 * Math.max(1, 0.02 / temperature) * largest(exact.gradient),
          )
        }
      }
    })
  })

  it('has the gradient that finite differences find', () => {
    const images = 5
    for (const temperature of [0.01, 0.05, 0.2, 1]) {
      const z = randomRows(2 * images * dim, 7)
      const { gradient } = ntXent(z, { temperature })
      const step = 1e-6
      for (let i = 0; i < z.length; i++) {
        const at = (delta: number) =>
          ntXent(
            z.map((x, j) => (j === i ? x + delta : x)),
            { temperature },
          ).loss
        const slope = (at(step) - at(-step)) / (2 * step)
        expect(gradient[i]!).to.be.closeTo(slope, 1e-6 * Math.max(1, largest(gradient)))
      }
    }
  })

  describe('in float32', () => {
    for (const temperature of [0.01, 0.023, 0.025, 0.1, 1]) {
      it(`stays close to float64 at temperature ${temperature}`, () => {
        const z = Float32Array.from(randomRows(2 * 150 * dim, 11))
        const exact = ntXent(Float64Array.from(z), { temperature })
        const single = ntXent(z, { temperature })
        expect(single.gradient).to.be.instanceOf(Float32Array)
        expect(single.loss).to.be.closeTo(exact.loss, 2e-5 * exact.loss * Math.max(1, 0.02 / temperature))
        expect(single.entropy).to.be.closeTo(exact.entropy, 1e-5)
        expect(largestDifference(single.gradient, exact.gradient)).to.be.at.most(
          2e-5 * largest(exact.gradient),
        )
      })
    }

    for (const temperature of [0.003, 0.01]) {
      it(`keeps rows apart that are all far from each other at temperature ${temperature}`, () => {
        // Each row has a dimension to itself: every similarity is 0, and exp((0 - 1) / t) no normal float.
        const z = Float32Array.from({ length: dim * dim }, (_, i) => (i % (dim + 1) === 0 ? 1 : 0))
        const exact = ntXent(Float64Array.from(z), { temperature })
        const single = ntXent(z, { temperature })
        expect(single.loss).to.be.closeTo(2 * Math.log(dim - 1), 1e-6)
        expect(largest(exact.gradient)).to.be.greaterThan(1)
        expect(largestDifference(single.gradient, exact.gradient)).to.be.at.most(
          1e-6 * largest(exact.gradient),
        )
      })
    }

    it('keeps a tiny loss and its gradient to full relative precision', () => {
      // Partners coincide, everything else is orthogonal: a loss of about 2 ln(1 + 2 e^-10).
      const rows = [1, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0]
      const z = Float32Array.from([...rows, ...rows])
      const { loss } = ntXent(z, { temperature: 0.1 })
      expect(loss / (2 * Math.log1p(2 * Math.exp(-10)))).to.be.closeTo(1, 1e-5)
    })
  })

  for (const [input, bits, least] of [
    ['bf16', 8, -126],
    ['fp16', 11, -14],
  ] as const) {
    it(`computes ${input} rows in float32, and gives their gradient in ${input}`, () => {
      const z = Float32Array.from(randomRows(2 * 40 * dim, 3), (x) => Math.fround(x * 300))
      const rounded = z.map((x) => roundTo(x, bits, least))
      expect(rounded).not.to.deep.equal(z)
      for (const temperature of [0.01, 0.5]) {
        const half = ntXent(z, { temperature, input })
        const full = ntXent(rounded, { temperature })
        expect(half.loss).to.be.closeTo(full.loss, 1e-6 * full.loss)
        expect(half.entropy).to.be.closeTo(full.entropy, 1e-6)
        full.gradient.forEach((value, i) => {
          // Half a unit in the last place of the type, and of its smallest numbers.
          const tolerance = 1.01 * 2 ** -bits * Math.abs(value) + 2 ** (least - bits)
          expect(half.gradient[i]).to.be.closeTo(value, tolerance + 1e-6 * largest(full.gradient))
        })
      }
    })
  }

  describe('across replicas', () => {
    for (const replicas of [2, 3, 5]) {
      for (const plain of [false, true]) {
        it(`${replicas}, uneven, by ${plain ? 'plain operations' : 'tiles'}`, () => {
          const images = 34
          for (const temperature of [0.01, 0.3]) {
            const z = randomRows(2 * images * dim, 5)
            const alone = naiveNtXent(z, { dim, temperature, normalize: true })
            const together = ntXent(z, { temperature, replicas, plain })
            expect(together.loss).to.be.closeTo(alone.loss, 1e-11 * alone.loss)
            expect(together.contrastiveAccuracy).to.be.closeTo(alone.accuracy, 1e-12)
            expect(together.entropy).to.be.closeTo(alone.entropy, 2e-7)
            expect(largestDifference(together.gradient, alone.gradient)).to.be.at.most(
              1e-10 * largest(alone.gradient),
            )
          }
        })
      }
    }
  })

  it('does not depend on the order of the images', () => {
    const images = 40
    const z = randomRows(2 * images * dim, 9)
    const order = Array.from({ length: images }, (_, i) => (i * 7 + 3) % images)
    const one = ntXent(z)
    const other = ntXent(permuted(z, order))
    expect(other.loss).to.be.closeTo(one.loss, 1e-12)
    expect(largestDifference(other.gradient, permuted(Float64Array.from(one.gradient), order))).to.be.below(
      1e-12,
    )
  })

  it('is exactly ln(2B - 1) per row for identical rows', () => {
    for (const images of [2, 8, 100]) {
      for (const temperature of [0.01, 0.1, 1]) {
        const row = randomRows(dim, 1)
        const z = Float64Array.from({ length: 2 * images * dim }, (_, i) => row[i % dim]!)
        expect(ntXent(z, { temperature }).loss).to.be.closeTo(2 * Math.log(2 * images - 1), 1e-12)
        expect(ntXent(z, { temperature, scale: 1 }).loss).to.be.closeTo(Math.log(2 * images - 1), 1e-12)
      }
    }
  })

  it('is about ln(2B - 1) per row for random rows', () => {
    const wide = 64
    const z = randomRows(2 * 256 * wide, 21)
    const { loss } = loadAddon().ntXent(z, { dim: wide, temperature: 1, scale: 1, normalize: true })
    expect(loss).to.be.closeTo(Math.log(511), 0.05)
  })

  it('is 0 with gradient 0 for a single image', () => {
    for (const temperature of [0.01, 0.5]) {
      for (const plain of [false, true]) {
        const result = ntXent(Float32Array.from(randomRows(2 * dim, 2)), { temperature, plain })
        expect(result.loss).to.equal(0)
        expect(result.contrastiveAccuracy).to.equal(1)
        expect(Array.from(result.gradient, Math.abs)).to.deep.equal(new Array(2 * dim).fill(0))
      }
    }
  })

  it("is twice as large in the paper's convention", () => {
    const z = randomRows(2 * 10 * dim, 4)
    const paper = ntXent(z, { scale: 2 })
    const torch = ntXent(z, { scale: 1 })
    expect(paper.loss).to.equal(2 * torch.loss)
    expect(
      largestDifference(
        paper.gradient,
        torch.gradient.map((g) => 2 * g),
      ),
    ).to.be.below(1e-15)
  })

  it('gives the same bits every time', () => {
    const z = Float32Array.from(randomRows(2 * 300 * dim, 13))
    const first = ntXent(z)
    for (let i = 0; i < 5; i++) expect(ntXent(z)).to.deep.equal(first)
  })

  it('gives the same bits on one thread and on several', () => {
    const program = fileURLToPath(new URL('./nt_xent-bits.ts', import.meta.url))
    const said = [1, 2].map((threads) => {
      const env = { ...process.env, OMP_NUM_THREADS: `${threads}` }
      return JSON.parse(
        execFileSync(process.execPath, ['--import=tsx/esm', program], { encoding: 'utf8', env }),
      )
    })
    expect(said.map(({ threads }) => threads)).to.deep.equal([1, Math.min(2, availableParallelism())])
    expect(said[1].bits).to.equal(said[0].bits)
  })

  it('takes no more memory than twice its rows, of which one is the gradient', () => {
    const [rows, wide] = [4096, 2048]
    const megabytes = (rows * wide * 4) / 2 ** 20
    const taken = numberFrom(...workScript('nt_xent-memory.ts', rows, wide))
    expect(taken / megabytes).to.be.within(1, 2.4)
  })

  it('lets NaN through', () => {
    const z = randomRows(2 * 20 * dim, 13)
    z[5] = Number.NaN
    for (const plain of [false, true]) expect(ntXent(z, { plain }).loss).to.be.NaN
  })

  it('refuses what it cannot use', () => {
    const z = new Float32Array(4 * dim).fill(1)
    expect(() => ntXent(z, { temperature: 0 })).to.throw(/`temperature`/)
    expect(() => ntXent(z, { replicas: 3 })).to.throw(/`replicas`/)
    expect(() => ntXent(z, { views: 1 })).to.throw(/`views`/)
    expect(() => ntXent(z, { views: 3 })).to.throw(/3 views an image/)
    expect(() => ntXent(new Float32Array(3 * dim))).to.throw(/`dim`/)
    expect(() => ntXent(new Int32Array(4 * dim) as unknown as Float32Array)).to.throw(/`z`/)
  })
})
