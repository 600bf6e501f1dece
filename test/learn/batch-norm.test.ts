import { expect } from 'chai'
import type { NativeTensor } from '../../lib/addon/interface.ts'
import { loadAddon } from '../../lib/addon/load.ts'
import { tensorFrom, toFloat64 } from '../../lib/io/tensor.ts'
import { random } from './support.ts'

/**
 * Unit roundoff of bf16 (8 significant bits, to nearest) and of float32: x rounded is x (1 + d), |d| <= u. Where
 * significands are spread evenly the error of x in [2^e, 2^(e+1)) is even in +-2^e u, so its root mean square is 2^e u / sqrt(3):
 * relative to x between u / (2 sqrt(3)) = 0.29 u and u / sqrt(3) = 0.58 u.
 */
const bf16 = 2 ** -8
const fp32 = 2 ** -24
/** What many values, each rounded once, are apart from their exact ones: these limits, and some room for chance. */
const roundedOnce = (u: number) => [0.25 * u, 0.62 * u] as const

const [images, height, width, channels] = [24, 7, 5, 24]
const rows = images * height * width
const shape = [images, height, width, channels]

/** Values that bf16 has, so that what goes in is exact. */
function inBf16(values: Float64Array): Float64Array {
  const bits = new Uint32Array(Float32Array.from(values).buffer)
  for (let i = 0; i < bits.length; i++) bits[i]! &= 0xffff0000
  return Float64Array.from(new Float32Array(bits.buffer))
}

/** Up to 1, from `random`, moved and scaled. */
const numbers = (of: number[], seed: number, by: (value: number) => number) =>
  toFloat64(random('', of, seed)).map(by)

/** A mean above the deviation: rounded to bf16, it would be off by more than any bound below. */
const x = inBf16(numbers(shape, 1, (value) => 3 + value))
const residual = inBf16(numbers(shape, 2, (value) => 2 * value))
const dy = inBf16(numbers(shape, 3, (value) => value + 0.25))
const scale = Float32Array.from(numbers([channels], 4, (value) => 1 + value / 2))
const shift = Float32Array.from(numbers([channels], 5, (value) => value))

/** What the float64 formulas give, and beside each value how large its terms are, which is what rounding within goes by. */
interface Exact {
  y: Float64Array
  dx: Float64Array
  g: Float64Array
  dscale: Float64Array
  dshift: Float64Array
  size: { y: Float64Array; dx: Float64Array; dscale: Float64Array; dshift: Float64Array }
}

/** `isPassed`: where ReLU lets the gradient through. */
function exactly(added: Float64Array | null, relu: boolean, isPassed: (i: number) => boolean): Exact {
  const like = () => new Float64Array(x.length)
  const each = () => new Float64Array(channels)
  const [y, dx, g, ySize, dxSize] = [like(), like(), like(), like(), like()]
  const [dscale, dshift, dscaleSize, dshiftSize] = [each(), each(), each(), each()]
  for (let c = 0; c < channels; c++) {
    const own = Array.from({ length: rows }, (_, r) => r * channels + c)
    const mean = own.reduce((sum, i) => sum + x[i]!, 0) / rows
    const variance = own.reduce((sum, i) => sum + (x[i]! - mean) ** 2, 0) / rows
    const rstd = 1 / Math.sqrt(variance + 1e-5)
    for (const i of own) {
      const [normal, more] = [(x[i]! - mean) * rstd, added?.[i] ?? 0]
      y[i] = normal * scale[c]! + shift[c]! + more
      if (relu) y[i] = Math.max(0, y[i]!)
      ySize[i] = Math.abs(normal * scale[c]!) + Math.abs(shift[c]!) + Math.abs(more)
      g[i] = !relu || isPassed(i) ? dy[i]! : 0
      dshift[c]! += g[i]!
      dshiftSize[c]! += Math.abs(g[i]!)
      dscale[c]! += g[i]! * normal
      dscaleSize[c]! += Math.abs(g[i]! * normal)
    }
    for (const i of own) {
      const [normal, a] = [(x[i]! - mean) * rstd, scale[c]! * rstd]
      const terms = [g[i]!, -dshift[c]! / rows, (-normal * dscale[c]!) / rows].map((term) => a * term)
      dx[i] = terms.reduce((sum, term) => sum + term, 0)
      dxSize[i] = terms.reduce((sum, term) => sum + Math.abs(term), 0)
    }
  }
  return { y, dx, g, dscale, dshift, size: { y: ySize, dx: dxSize, dscale: dscaleSize, dshift: dshiftSize } }
}

/** Relative L2 distance. */
function apart(a: Float64Array, b: Float64Array): number {
  const squares = (value: (i: number) => number) => a.reduce((sum, _, i) => sum + value(i) ** 2, 0)
  return Math.sqrt(squares((i) => a[i]! - b[i]!) / squares((i) => b[i]!))
}

/** |a - b| <= relative |b| + absolute size, value by value. */
function expectWithin(
  a: Float64Array,
  b: Float64Array,
  size: Float64Array,
  [relative, absolute]: readonly [number, number],
): void {
  const wrong = a.findIndex(
    (value, i) => !(Math.abs(value - b[i]!) <= relative * Math.abs(b[i]!) + absolute * size[i]!),
  )
  expect(wrong, `${a[wrong]} for ${b[wrong]}, terms of ${size[wrong]}`).to.equal(-1)
}

/** Roundings to float32 on a value's way, at most: of coefficients, the deviation, products and sums. */
const within = 12 * fp32

describe('BatchNorm in bf16, beside float64', () => {
  const run = (relu: boolean, added: Float64Array | null, fused: boolean, input?: 'bf16') => {
    const tensor = (name: string, values: Float64Array) => tensorFrom(name, shape, values)
    const given = {
      x: tensor('x', x),
      residual: added && tensor('residual', added),
      scale: tensorFrom('scale', [channels], scale),
      shift: tensorFrom('shift', [channels], shift),
      dy: tensor('dy', dy),
    }
    const out = loadAddon().batchNorm(given, { relu, fused, ...(input && { input }) })
    const values = (of: NativeTensor | null) => of && toFloat64(of)
    return {
      ...{ y: values(out.y)!, dx: values(out.dx)!, dresidual: values(out.dresidual) },
      ...{ dscale: values(out.dscale)!, dshift: values(out.dshift)! },
    }
  }

  for (const fused of [true, false]) {
    for (const relu of [true, false]) {
      for (const added of [residual, null]) {
        const parts = ['BatchNorm', ...(added ? ['residual'] : []), ...(relu ? ['ReLU'] : [])].join(' + ')

        it(`${parts}, ${fused ? 'fused' : 'plain operations'}: each value rounded once, everything else in float32`, () => {
          const got = run(relu, added, fused, 'bf16')
          const right = exactly(added, relu, (i) => got.y[i]! > 0)
          const [least, most] = roundedOnce(bf16)

          expectWithin(got.y, right.y, right.size.y, [bf16, within])
          expect(apart(got.y, right.y)).to.be.within(least, most)
          expect(got.y, 'values that bf16 has').to.deep.equal(inBf16(got.y))

          expectWithin(got.dx, right.dx, right.size.dx, [bf16, within])
          expect(apart(got.dx, right.dx)).to.be.within(least, most)
          expect(got.dx, 'values that bf16 has').to.deep.equal(inBf16(got.dx))

          // A copy, or what ReLU lets through of it: not rounded at all.
          expect(got.dresidual).to.deep.equal(added && right.g)

          // At most 64 products are added in float32 before they go to double; plain operations add pairwise.
          for (const name of ['dscale', 'dshift'] as const) {
            expectWithin(got[name], right[name], right.size[name], [fp32, 70 * fp32])
            expect(apart(got[name], right[name])).to.be.within(2 ** -30, bf16 / 64)
          }
        })
      }
    }
  }

  it('is none of this in float64: the bounds tell a computation in another precision', () => {
    const got = run(true, residual, true)
    const right = exactly(residual, true, (i) => got.y[i]! > 0)
    for (const name of ['y', 'dx'] as const) {
      expect(apart(got[name], right[name])).to.be.below(1e-12)
      expect(apart(Float64Array.from(Float32Array.from(got[name])), right[name])).to.be.below(fp32)
    }
  })
})
