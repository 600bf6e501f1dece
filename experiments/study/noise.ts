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

/** Standard deviation of one seed's difference, pooled over comparisons: three seeds alone say little of theirs. */
export function pooledDeviation(comparisons: readonly (readonly number[])[]): number {
  const squares = comparisons.flatMap((differences) => {
    const centre = mean([...differences])
    return differences.map((difference) => (difference - centre) ** 2)
  })
  const freedom = comparisons.reduce((sum, differences) => sum + Math.max(0, differences.length - 1), 0)
  return Math.sqrt(squares.reduce((sum, square) => sum + square, 0) / freedom)
}

/** Two-sided p of a sign test: so many of `count` fair coins or further from half of them. */
export function signTest(heads: number, count: number): number {
  const far = Math.max(heads, count - heads)
  let logChoose = 0 // of `k` of `count`, natural logarithm
  let tail = 0
  for (let k = 0; k <= count; k++) {
    if (k >= far) tail += Math.exp(logChoose - count * Math.LN2)
    logChoose += Math.log(count - k) - Math.log(k + 1)
  }
  return Math.min(1, 2 * tail)
}
