import { expect } from 'chai'
import type { Result } from '../../experiments/study/measure.ts'
import { paired, pooledDeviation, signTest } from '../../experiments/study/noise.ts'

describe('how large a difference between trainings must be', () => {
  it('pairs runs by their seeds', () => {
    const run = (seed: number, loss: number) => ({ seed, loss }) as Result
    const first = [run(0, 1), run(1, 5), run(2, 7)]
    expect(paired(first, [run(1, 2), run(0, 0.5), run(3, 9)], ({ loss }) => loss)).to.deep.equal([0.5, 3])
  })

  it('pools spreads about comparisons’ own means', () => {
    // Squares about the means: 2 + 0 + 8, with 1, 0 and 2 degrees of freedom.
    expect(pooledDeviation([[1, 3], [10], [-2, 0, 2]])).to.be.closeTo(Math.sqrt(10 / 3), 1e-12)
  })

  it('signs: both tails of fair coins', () => {
    expect(signTest(5, 5)).to.be.closeTo(2 / 32, 1e-12)
    expect(signTest(0, 5)).to.be.closeTo(2 / 32, 1e-12)
    expect(signTest(4, 6)).to.be.closeTo((2 * (15 + 6 + 1)) / 64, 1e-12)
    expect(signTest(3, 6)).to.equal(1)
  })
})
