import { expect } from 'chai'
import type { Precision } from '../../lib/addon/interface.ts'
import { Encoder } from '../../lib/encoder.ts'
import { evaluate } from '../../lib/evaluate/evaluate.ts'
import { congruential } from '../support/pixels.ts'
import { needGpu, relative } from './support.ts'

const spec = { arch: 'resnet18', width: 0.25, stem: 'stride2' } as const

/** The same untrained weights, which follow from the seed. */
async function withEncoder<T>(
  device: string,
  precision: Precision,
  work: (encoder: Encoder) => Promise<T>,
): Promise<T> {
  const encoder = await Encoder.random(spec, { imageSize: 40 }, { device, precision, seed: 3 })
  try {
    return await work(encoder)
  } finally {
    encoder.dispose()
  }
}

describe('an encoder on a GPU', () => {
  before(needGpu)
  // More than are computed together (128 in native code, 256 a call), and a rest.
  const images = congruential(600, 48)

  for (const [precision, tolerance] of [
    ['fp64', 1e-6], // told in float32
    ['fp32', 1e-4],
    ['tf32', 1e-2],
    ['fp16', 1e-2],
    ['bf16', 3e-2],
  ] as const) {
    it(`embeds 600 images as the CPU does: ${precision}`, async () => {
      const gpu = await withEncoder('cuda:0', precision, (encoder) => encoder.embed(images))
      const cpu = await withEncoder('cpu', 'fp32', (encoder) => encoder.embed(images))
      expect(gpu.shape).to.deep.equal(cpu.shape)
      const [, dim] = cpu.shape
      for (let row = 0; row < 600; row++) {
        const of = ({ data }: typeof cpu) => data.subarray(row * dim, (row + 1) * dim)
        expect(relative(of(gpu), of(cpu)), `image ${row}`).to.be.below(tolerance)
      }
    })
  }

  it('is used from several places at once', async () => {
    await withEncoder('cuda:0', 'fp32', async (encoder) => {
      const [alone] = [await encoder.embed(images.slice(0, 300))]
      const together = await Promise.all([0, 1, 2].map(() => encoder.embed(images.slice(0, 300))))
      for (const { data } of together) expect(relative(data, alone.data)).to.be.below(1e-6)
    })
  })

  it('has the CPU’s linear probe', async () => {
    const scenes = (split: string) => `synthetic:scenes,count=512,split=${split}`
    const accuracy = (device: string) =>
      withEncoder(device, 'fp32', async (encoder) => {
        const told = { encoder, data: scenes('train'), test: scenes('test'), probe: 'linear' } as const
        return (await evaluate(told)).accuracy
      })
    const [gpu, cpu] = [await accuracy('cuda:0'), await accuracy('cpu')]
    expect(cpu).to.be.above(0.2)
    expect(gpu).to.be.closeTo(cpu, 0.02)
  })
})
