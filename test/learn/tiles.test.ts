import { expect } from 'chai'
import { loadAddon } from '../../lib/addon/load.ts'
import { distance, eighths, floats, random } from './support.ts'

// [images, image side, channels in, channels out, kernel, stride, padding]: kernels that reach over an image's
// border and that do not, sides that strides do not divide, one block of channels and several, more positions than are
// multiplied at once.
const geometries: [number, number, number, number, number, number, number][] = [
  [3, 1, 16, 16, 3, 1, 1],
  [5, 4, 32, 16, 3, 1, 1],
  [3, 4, 16, 48, 3, 2, 1],
  [2, 7, 48, 32, 3, 1, 1],
  [4, 7, 32, 32, 3, 2, 1],
  [3, 8, 16, 32, 3, 2, 0],
  [2, 9, 32, 16, 5, 1, 2],
  [2, 11, 16, 16, 7, 2, 3],
  [2, 6, 16, 16, 3, 3, 1],
  [3, 5, 16, 32, 1, 1, 0],
  [3, 6, 32, 16, 1, 2, 0],
  [2, 6, 16, 16, 2, 1, 0],
  [70, 8, 32, 48, 3, 1, 1],
  [3, 32, 64, 32, 3, 1, 1],
]

describe("the gradient of a convolution's kernel from tiles", () => {
  const fast = { size: 1, stride: 1, padding: 0, fast: true }
  const pixel = random('pixel', [1, 1, 1, 16], 1)
  const tiles = loadAddon().tileKernelGradient(pixel, pixel, fast) === null ? [false] : [false, true]

  for (const [images, side, inputs, outputs, size, stride, padding] of geometries) {
    const out = Math.floor((side + 2 * padding - size) / stride) + 1
    for (const fast of tiles) {
      const name = `${images} of ${side}x${side}, ${inputs} to ${outputs} channels, ${size}x${size}/${stride}`
      it(`${fast ? "the processor's" : 'plain'}: ${name} is LibTorch's`, () => {
        const x = eighths(random('x', [images, side, side, inputs], 1))
        const dy = eighths(random('dy', [images, out, out, outputs], 2))
        const kernel = random('kernel', [outputs, inputs, size, size], 3)
        const options = { stride, padding }
        const { dkernel } = loadAddon().convolution(x, kernel, dy, { ...options, algorithm: 'native' })
        const own = loadAddon().tileKernelGradient(dy, x, { ...options, size, fast })!
        expect(own.shape).to.deep.equal(dkernel.shape)
        expect(distance([dkernel], [own])).to.equal(0)
      })
    }
  }

  it('is what a step in bf16 takes where the processor has tiles', function () {
    // "Skipped" says: no processor with AMX here.
    if (!tiles.includes(true)) this.skip()
    const x = random('x', [6, 6, 6, 32], 1)
    const dy = random('dy', [6, 6, 6, 32], 2)
    const kernel = random('kernel', [32, 32, 3, 3], 3)
    const options = { stride: 1, padding: 1 }
    const { dkernel } = loadAddon().convolution(x, kernel, dy, {
      ...options,
      algorithm: 'native',
      input: 'bf16',
    })
    const own = loadAddon().tileKernelGradient(dy, x, { ...options, size: 3, fast: true })!
    // 8 bits, to the nearest.
    floats(own).forEach((value, i) => {
      expect(Math.abs(floats(dkernel)[i]! - value)).to.be.at.most(
        2 ** -9 * 2 ** Math.ceil(Math.log2(Math.abs(value))),
      )
    })
  })

  it('says that channels must fill tiles', () => {
    const narrow = random('x', [1, 4, 4, 12], 1)
    const options = { size: 3, stride: 1, padding: 1, fast: false }
    expect(() => loadAddon().tileKernelGradient(narrow, narrow, options)).to.throw(
      'multiples of 16 but received 12 and 12',
    )
  })
})
