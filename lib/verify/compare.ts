/** Distances between what we compute and what the original computed. */
import { recipeNumbers } from './recipe.ts'

type Numbers = ArrayLike<number>

function requireSameLength(actual: Numbers, expected: Numbers): void {
  if (actual.length !== expected.length) {
    throw new RangeError(`Expected ${expected.length} values but computed ${actual.length}`)
  }
}

export function l2(values: Numbers): number {
  let sum = 0
  for (let i = 0; i < values.length; i++) sum += values[i]! ** 2
  return Math.sqrt(sum)
}

export function largest(values: Numbers): number {
  let most = 0
  for (let i = 0; i < values.length; i++) most = Math.max(most, Math.abs(values[i]!))
  return most
}

/** |actual - expected| / |expected| in the Euclidean norm; `floor` bounds the divisor from below. */
export function relativeL2(actual: Numbers, expected: Numbers, floor = 1e-30): number {
  requireSameLength(actual, expected)
  let sum = 0
  for (let i = 0; i < expected.length; i++) sum += (actual[i]! - expected[i]!) ** 2
  return Math.sqrt(sum) / Math.max(l2(expected), floor)
}

/** Largest difference of any entry; NaN if one is. */
export function largestDifference(actual: Numbers, expected: Numbers): number {
  requireSameLength(actual, expected)
  let most = 0
  for (let i = 0; i < expected.length; i++) most = Math.max(most, Math.abs(actual[i]! - expected[i]!))
  return most
}

/** What a golden file keeps of an array that is too large to store. */
export interface Summary {
  shape: number[]
  mean: number
  l2: number
  dot: number
}

/** mean, Euclidean norm, and the sum of a_i r_i with the recipe's numbers of seed 0 for `key`. */
export function summarize(values: Numbers, key: string): Omit<Summary, 'shape'> {
  const numbers = recipeNumbers(key, 0)
  let sum = 0
  let squares = 0
  let dot = 0
  for (let i = 0; i < values.length; i++) {
    sum += values[i]!
    squares += values[i]! ** 2
    dot += values[i]! * numbers(i)
  }
  return { mean: sum / values.length, l2: Math.sqrt(squares), dot }
}

/**
 * How far an array is from a summary, in units of its norm: an array with relative L2 error e has each of the
 * three within about e. The dot detects wrong order, transposition and sign, which mean and norm do not.
 */
export function summaryError(values: Numbers, expected: Summary, key: string, floor = 1e-30): number {
  const count = expected.shape.reduce((product, size) => product * size, 1)
  if (count !== values.length) throw new RangeError(`Expected ${count} values but computed ${values.length}`)
  const actual = summarize(values, key)
  const unit = Math.max(expected.l2, floor)
  return Math.max(
    Math.abs(actual.l2 - expected.l2) / unit,
    Math.abs(actual.dot - expected.dot) / unit,
    (Math.abs(actual.mean - expected.mean) * Math.sqrt(count)) / unit,
  )
}
