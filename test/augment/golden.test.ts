import { readFile } from 'node:fs/promises'

import { expect } from 'chai'

import { loadAddon } from '../../lib/addon/load.ts'
import { readSafetensors } from '../../lib/io/safetensors.ts'
import { largestDifference } from './support.ts'

interface GoldenOperator {
  op: string
  input: string
  dtype?: 'float32' | 'uint8'
  params: Record<string, number | string | boolean | number[] | string[]>
  out: string
  shape: [number, number, number]
}

const golden = new URL('../golden/', import.meta.url).pathname

/** Arrays of a golden file by name. */
async function arrays(file: string): Promise<Map<string, Float32Array | Uint8Array>> {
  const { tensors } = await readSafetensors(golden + file)
  return new Map(
    tensors.map(({ name, dtype, data }) => [
      name,
      dtype === 'U8' ? data : new Float32Array(data.slice().buffer),
    ]),
  )
}

const sizes: Record<string, [number, number]> = { a32: [32, 32], b64x48: [48, 64], c110x150: [150, 110] }

const inputs = await arrays('augment_paper.safetensors')

for (const convention of ['paper', 'torch'] as const) {
  const { ops } = JSON.parse(await readFile(`${golden}augment_${convention}.json`, 'utf8')) as {
    ops: GoldenOperator[]
  }
  const expected = await arrays(`augment_${convention}.safetensors`)

  describe(`${convention} operators against the original program`, () => {
    it('covers every operator of the golden file', () => {
      expect(ops.length).to.be.greaterThan(90)
    })

    for (const { op, input, dtype = 'float32', params, out, shape } of ops) {
      it(`${op} ${input} ${dtype} ${JSON.stringify(params)}`, () => {
        const bytes = inputs.get(`input_u8/${input}`) as Uint8Array
        const [width, height] = sizes[input]!
        const data = dtype === 'uint8' ? bytes : Float32Array.from(bytes, (level) => Math.fround(level / 255))
        const result = loadAddon().augmentOperator(
          `${convention}.${op}`,
          { data, width, height, channels: 3 },
          params,
        )
        const wanted = expected.get(out)!
        expect([result.height, result.width]).to.deep.equal(shape.slice(0, 2))
        expect(result.data.constructor).to.equal(wanted.constructor)
        expect(result.data.length).to.equal(wanted.length)
        expect(largestDifference(result.data, wanted)).to.be.at.most(dtype === 'uint8' ? 1 : 1e-5)
      })
    }
  })
}

describe('augmentOperator', () => {
  const image = { data: new Float32Array(12).fill(0.5), width: 2, height: 2, channels: 3 }

  it('names what it knows when asked for what it does not', () => {
    expect(() => loadAddon().augmentOperator('paper.sharpen', image, {}))
      .to.throw(/Expected one of .*paper\.hue.*torch\.hue.* but received paper\.sharpen/)
      .with.property('code', 'ERR_SIMCLR_INVALID_ARGUMENT')
  })

  it('says which parameter is missing', () => {
    expect(() => loadAddon().augmentOperator('torch.hue', image, {})).to.throw(/`factor`/)
  })

  it('refuses boxes that reach outside', () => {
    const box = { y: 1, x: 0, h: 2, w: 2, out_h: 2, out_w: 2 }
    expect(() => loadAddon().augmentOperator('paper.crop_resize_bicubic', image, box)).to.throw(
      /inside the image/,
    )
  })

  it('turns counter-clockwise, and width and height with the image', () => {
    const data = Float32Array.from({ length: 18 }, (_, i) => Math.floor(i / 3)) // 0 1 2 / 3 4 5
    const turned = (name: string, params = {}) => {
      const result = loadAddon().augmentOperator(name, { data, width: 3, height: 2, channels: 3 }, params)
      return [result.width, result.height, ...result.data.filter((_, i) => i % 3 === 1)]
    }
    expect(turned('torch.rot90', { k: 1 })).to.deep.equal([2, 3, 2, 5, 1, 4, 0, 3])
    expect(turned('torch.rot90', { k: 2 })).to.deep.equal([3, 2, 5, 4, 3, 2, 1, 0])
    expect(turned('torch.rot90', { k: 7 })).to.deep.equal([2, 3, 3, 0, 4, 1, 5, 2])
    expect(turned('torch.horizontal_flip')).to.deep.equal([3, 2, 2, 1, 0, 5, 4, 3])
    expect(turned('torch.vertical_flip')).to.deep.equal([3, 2, 3, 4, 5, 0, 1, 2])
    expect(() => turned('torch.rot90', { k: 0.5 })).to.throw(/`k` but received 0\.5/)
  })

  it('solarizes what is at or above the threshold', () => {
    const data = Float32Array.of(0, 0.49, 0.5, 0.75, 1, 0.25)
    const result = loadAddon().augmentOperator(
      'torch.solarize',
      { data, width: 2, height: 1, channels: 3 },
      { threshold: 0.5 },
    )
    expect([...result.data]).to.deep.equal([0, Math.fround(0.49), 0.5, 0.25, 0, 0.25])
  })
})
