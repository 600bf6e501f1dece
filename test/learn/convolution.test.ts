import { spawnSync } from 'node:child_process'
import { expect } from 'chai'
import type { NativeTensor } from '../../lib/addon/interface.ts'
import { loadAddon } from '../../lib/addon/load.ts'
import { distance, eighths, floats, random } from './support.ts'

// [image side, channels in, channels out, kernel, stride]: every geometry the networks have on small images,
// and ones they have not: odd sides, images smaller than the kernel.
const geometries: [number, number, number, number, number][] = [
  [1, 8, 6, 3, 1],
  [1, 4, 4, 3, 2],
  [2, 6, 5, 3, 1],
  [2, 4, 8, 3, 2],
  [3, 5, 4, 3, 2],
  [4, 3, 7, 3, 1],
  [4, 6, 4, 3, 2],
  [5, 4, 3, 3, 1],
  [7, 3, 4, 3, 2],
  [8, 3, 5, 7, 2],
  [7, 8, 5, 1, 2],
  [8, 8, 6, 1, 2],
  [4, 6, 4, 1, 1],
]

/** What a convolution of a geometry takes, and the shape of what it gives. */
function operands([side, inputs, outputs, size, stride]: (typeof geometries)[number], dtype: 'F32' | 'F64') {
  const padding = (size - 1) / 2
  const out = Math.floor((side + 2 * padding - size) / stride) + 1
  return {
    x: random('x', [9, side, side, inputs], 1, dtype),
    kernel: random('kernel', [outputs, inputs, size, size], 2, dtype),
    dy: random('dy', [9, out, out, outputs], 3, dtype),
    options: { stride, padding },
  }
}

describe('convolution algorithms', () => {
  for (const algorithm of ['dense', 'unfold'] as const) {
    for (const geometry of geometries) {
      const [side, , , size, stride] = geometry
      it(`${algorithm}: ${side}x${side}, ${size}x${size}/${stride} equals LibTorch's, value and gradients`, () => {
        const { x, kernel, dy, options } = operands(geometry, 'F64')
        const run = (name: 'native' | typeof algorithm) => {
          const { y, dx, dkernel } = loadAddon().convolution(x, kernel, dy, { ...options, algorithm: name })
          expect(y.shape).to.deep.equal(dy.shape)
          expect(dx.shape).to.deep.equal(x.shape)
          expect(dkernel.shape).to.deep.equal(kernel.shape)
          return [y, dx, dkernel]
        }
        expect(distance(run('native'), run(algorithm))).to.be.below(1e-12)
      })
    }
  }

  for (const input of ['bf16', 'fp16'] as const) {
    for (const geometry of geometries) {
      const [side, , , size, stride] = geometry
      it(`wide, ${input}: ${side}x${side}, ${size}x${size}/${stride} is float32's, rounded`, () => {
        const given = operands(geometry, 'F32')
        const [x, kernel, dy] = [eighths(given.x), eighths(given.kernel), eighths(given.dy)]
        const plain = loadAddon().convolution(x, kernel, dy, { ...given.options, algorithm: 'native' })
        const wide = loadAddon().convolution(x, kernel, dy, { ...given.options, algorithm: 'wide', input })
        for (const name of ['y', 'dx', 'dkernel'] as const) {
          const [exact, rounded] = [floats(plain[name]), floats(wide[name])]
          // 8 and 11 bits; where float32's sums of eighths are exact, so is what is rounded.
          const half = input === 'bf16' ? 2 ** -8 : 2 ** -11
          exact.forEach((value, i) => {
            expect(Math.abs(rounded[i]! - value)).to.be.at.most(half * Math.abs(value))
          })
        }
      })
    }
  }

  for (const stride of [1, 2]) {
    it(`native, float32, many channels: 20x20, 3x3/${stride} is float64's, value and gradients`, () => {
      const { x, kernel, dy, options } = operands([20, 40, 24, 3, stride], 'F64')
      const single = (tensor: NativeTensor): NativeTensor => {
        const values = Float32Array.from(floats(tensor))
        return { ...tensor, dtype: 'F32', data: new Uint8Array(values.buffer) }
      }
      const run = (...[a, b, c]: [NativeTensor, NativeTensor, NativeTensor]) => {
        const { y, dx, dkernel } = loadAddon().convolution(a, b, c, { ...options, algorithm: 'native' })
        return [y, dx, dkernel]
      }
      const [exact, rounded] = [run(x, kernel, dy), run(single(x), single(kernel), single(dy))]
      expect(distance(exact, rounded)).to.be.above(0).and.below(5e-6) // sums of 3,600 products
    })
  }

  it('keep to their memory where a strided 1x1 kernel meets 8 channels', () => {
    const { status, stdout, stderr } = spawnSync(
      process.execPath,
      ['--import=tsx/esm', 'test/learn/strided-child.ts'],
      // glibc then checks every block of memory that is freed.
      {
        encoding: 'utf8',
        env: {
          ...process.env,
          LD_PRELOAD: process.env.LD_PRELOAD ?? 'libc_malloc_debug.so.0',
          MALLOC_CHECK_: '3',
        },
      },
    )
    expect({ status, stdout }, stderr).to.deep.equal({ status: 0, stdout: 'done' })
  })

  it('names what was expected where shapes do not fit', () => {
    const options = { stride: 1, padding: 1, algorithm: 'dense' } as const
    const wrong = () =>
      loadAddon().convolution(
        random('x', [1, 2, 2, 3], 1),
        random('k', [4, 5, 3, 3], 1),
        random('dy', [1, 2, 2, 4], 1),
        options,
      )
    expect(wrong).to.throw('Expected x [N, I, H, W] and a kernel [O, I, k, k]')
  })
})
