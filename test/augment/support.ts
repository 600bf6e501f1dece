/** The largest |a - b|; NaN if any is. */
export function largestDifference(a: ArrayLike<number>, b: ArrayLike<number>): number {
  let largest = 0
  for (let i = 0; i < a.length; i++) largest = Math.max(largest, Math.abs(a[i]! - b[i]!))
  return largest
}

/** Pearson's χ² of counts against what was expected. */
export function chiSquare(observed: readonly number[], expected: readonly number[]): number {
  return observed.reduce((sum, count, i) => sum + (count - expected[i]!) ** 2 / expected[i]!, 0)
}

/** The values that χ² with 1 .. 30 degrees of freedom exceeds with probability 0.001. */
const criticalChiSquare = [
  10.83, 13.82, 16.27, 18.47, 20.52, 22.46, 24.32, 26.12, 27.88, 29.59, 31.26, 32.91, 34.53, 36.12, 37.7,
  39.25, 40.79, 42.31, 43.82, 45.31, 46.8, 48.27, 49.73, 51.18, 52.62, 54.05, 55.48, 56.89, 58.3, 59.7,
]

export function critical(freedom: number): number {
  return criticalChiSquare[freedom - 1]!
}

/** χ² of values that should be uniform over [low, high), in ten bins. */
export function uniformity(values: readonly number[], low: number, high: number): number {
  const bins = new Array<number>(10).fill(0)
  for (const value of values) {
    const bin = Math.floor(((value - low) / (high - low)) * 10)
    bins[Math.min(Math.max(bin, 0), 9)]!++
  }
  return chiSquare(bins, new Array<number>(10).fill(values.length / 10))
}

export function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length
}

/** Pearson's correlation. */
export function correlation(a: readonly number[], b: readonly number[]): number {
  const ma = mean(a)
  const mb = mean(b)
  let ab = 0
  let aa = 0
  let bb = 0
  for (let i = 0; i < a.length; i++) {
    ab += (a[i]! - ma) * (b[i]! - mb)
    aa += (a[i]! - ma) ** 2
    bb += (b[i]! - mb) ** 2
  }
  return ab / Math.sqrt(aa * bb)
}
