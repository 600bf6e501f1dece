import { expect } from 'chai'
import type { NativeTensor } from '../../lib/addon/interface.ts'
import { distance } from './support.ts'

function tensor(values: readonly number[], { name = 'x', dtype = 'F64' as NativeTensor['dtype'] } = {}) {
  const of = dtype === 'F64' ? Float64Array.from(values) : BigInt64Array.from(values, BigInt)
  return { name, dtype, shape: [values.length], data: new Uint8Array(of.buffer) } satisfies NativeTensor
}

describe('the distance that tests compare tensors by', () => {
  it('is relative to the larger of the two, and that of the worst tensor', () => {
    expect(distance([tensor([3, 4])], [tensor([3, 4])])).to.equal(0)
    expect(distance([tensor([3, 4])], [tensor([6, 8])])).to.equal(0.5)
    const near = tensor([1, 1], { name: 'y' })
    expect(distance([near, tensor([3, 4])], [tensor([6, 8]), near])).to.equal(0.5)
  })

  it('is 0 between zeros, and 1 between zero and however little', () => {
    expect(distance([tensor([0, 0])], [tensor([0, 0])])).to.equal(0)
    expect(distance([tensor([0, 0])], [tensor([1e-20, 0])])).to.equal(1)
    expect(distance([tensor([1e-20, 0])], [tensor([0, 0])])).to.equal(1)
  })

  it('takes values of any type', () => {
    const steps = (count: number) => [tensor([count], { dtype: 'I64' })]
    expect(distance(steps(4), steps(4))).to.equal(0)
    expect(distance(steps(4), steps(2))).to.equal(0.5)
    expect(distance(steps(4), [tensor([4])])).to.equal(0)
  })

  it('is none where names, shapes or lengths differ, or a value is not finite', () => {
    const one = tensor([1, 2])
    const pairs: [NativeTensor[], NativeTensor[]][] = [
      [[], []],
      [[one], [one, one]],
      [[one], [{ ...one, name: 'y' }]],
      [[one], [tensor([1, 2, 3])]],
      [[one], [{ ...one, shape: [2, 1] }]],
      [[one], [{ ...one, data: one.data.subarray(0, 8) }]],
      [[tensor([1, Number.NaN])], [one]],
      [[one], [tensor([1, Number.NaN])]],
      [[tensor([Number.NaN, 1])], [tensor([Number.NaN, 1])]],
      [[tensor([Number.POSITIVE_INFINITY])], [tensor([Number.POSITIVE_INFINITY])]],
    ]
    for (const [a, b] of pairs) expect(() => distance(a, b), JSON.stringify([a, b])).to.throw()
  })
})
