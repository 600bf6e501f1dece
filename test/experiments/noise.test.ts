import { expect } from 'chai'
import type { Result } from '../../experiments/study/measure.ts'
import { halfWidth, paired, pooled, studentQuantile } from '../../experiments/study/noise.ts'

describe('how large a difference between trainings must be', () => {
  it('pairs runs by their seeds', () => {
    const run = (seed: number, loss: number) => ({ seed, loss }) as Result
    const first = [run(0, 1), run(1, 5), run(2, 7)]
    expect(paired(first, [run(1, 2), run(0, 0.5), run(3, 9)], ({ loss }) => loss)).to.deep.equal([0.5, 3])
  })

  it('pools spreads about comparisons’ own means', () => {
    // Squares about the means: 2 + 0 + 8, with 1, 0 and 2 degrees of freedom; none of what was not run.
    const { deviation, freedom } = pooled([[1, 3], [10], [-2, 0, 2], []])
    expect(deviation).to.be.closeTo(Math.sqrt(10 / 3), 1e-12)
    expect(freedom).to.equal(3)
  })

  it('knows Student’s t of few degrees of freedom', () => {
    // Two-sided 95 %, of any table.
    const table = { 2: 4.303, 3: 3.182, 4: 2.776, 8: 2.306, 30: 2.042 }
    for (const [freedom, t] of Object.entries(table)) {
      expect(studentQuantile(Number(freedom)), freedom).to.be.closeTo(t, 0.01 * t)
    }
  })

  it('has no interval of fewer than three seeds', () => {
    expect(halfWidth({ deviation: 1, freedom: 1 }, 3)).to.equal(null)
    expect(halfWidth({ deviation: 1, freedom: 8 }, 2)).to.equal(null)
    expect(halfWidth({ deviation: 2, freedom: 4 }, 4)).to.be.closeTo(2.776, 0.01)
  })
})
