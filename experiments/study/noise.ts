/** How large a difference has to be before it says something. */
import { mean } from './bars.ts'
import type { Result } from './measure.ts'

/** Of two arms, by seed: `pick` of the first less that of the second, for the seeds that both have. */
export function paired(
  first: readonly Result[],
  second: readonly Result[],
  pick: (result: Result) => number,
): number[] {
  return first.flatMap((result) => {
    const other = second.find(({ seed }) => seed === result.seed)
    return other === undefined ? [] : [pick(result) - pick(other)]
  })
}

/** Of one seed's difference, pooled over comparisons: three seeds alone say little of theirs. */
export interface Spread {
  deviation: number
  /** Degrees of freedom: differences less comparisons. */
  freedom: number
}

export function pooled(comparisons: readonly (readonly number[])[]): Spread {
  const squares = comparisons.flatMap((differences) => {
    const centre = mean(differences)
    return differences.map((difference) => (difference - centre) ** 2)
  })
  const freedom = comparisons.reduce((sum, differences) => sum + Math.max(0, differences.length - 1), 0)
  return { deviation: Math.sqrt(squares.reduce((sum, square) => sum + square, 0) / freedom), freedom }
}

/**
 * Half of the 95 % interval of a mean of `count` differences; null where seeds are too few to tell: of fewer than three, which
 * may lie close together by luck, and below two degrees of freedom.
 */
export function halfWidth({ deviation, freedom }: Spread, count: number): number | null {
  return count < 3 || freedom < 2 ? null : (studentQuantile(freedom) * deviation) / Math.sqrt(count)
}

/** Student's t, two-sided 95 %, to 1 % from two degrees of freedom on: Abramowitz and Stegun 26.7.5. */
export function studentQuantile(freedom: number): number {
  const x = 1.959964 // of the normal distribution
  const terms = [
    (x ** 3 + x) / 4,
    (5 * x ** 5 + 16 * x ** 3 + 3 * x) / 96,
    (3 * x ** 7 + 19 * x ** 5 + 17 * x ** 3 - 15 * x) / 384,
    (79 * x ** 9 + 776 * x ** 7 + 1482 * x ** 5 - 1920 * x ** 3 - 945 * x) / 92_160,
  ]
  return terms.reduce((sum, term, i) => sum + term / freedom ** (i + 1), x)
}
