import { readFileSync } from 'node:fs'
import { expect } from 'chai'
import { autoPrecision } from '../../lib/config/precision.ts'

describe("precision 'auto' on a CPU", () => {
  it('is bf16 from the speed on at which convolutions are computed in it', () => {
    const source = readFileSync(new URL('../../native/core/nn/convolution.cc', import.meta.url), 'utf8')
    const bound = Number(/kSlowBf16 = ([\d.]+);/.exec(source)?.[1])
    expect(bound).to.be.within(0.1, 2)
    const taken = (speed: number) => autoPrecision('cpu', () => speed).precision
    expect([taken(bound), taken(0.99 * bound)]).to.deep.equal(['bf16', 'fp32'])
  })
})
