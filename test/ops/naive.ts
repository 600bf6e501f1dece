/** NT-Xent by the book: a double loop over all pairs of rows, in float64. Slow, and plainly right. */

/** Numbers in (-1, 1) from a linear congruential generator. */
export function randomRows(length: number, seed: number): Float64Array {
  let state = seed >>> 0
  return Float64Array.from({ length }, () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    return state / 2 ** 31 - 1
  })
}

export interface NaiveResult {
  loss: number
  accuracy: number
  entropy: number
  gradient: Float64Array
}

/** z [views B, dim], first views first. The paper's convention (twice the mean over rows). */
export function naiveNtXent(
  z: Float64Array,
  options: { dim: number; temperature: number; normalize: boolean; views?: number },
): NaiveResult {
  const { dim, temperature, normalize, views = 2 } = options
  const count = z.length / dim
  const images = count / views
  const rows = Array.from({ length: count }, (_, i) => Array.from(z.subarray(i * dim, (i + 1) * dim)))
  const norms = rows.map((row) => (normalize ? Math.hypot(...row) : 1))
  const unit = rows.map((row, i) => row.map((x) => x / norms[i]!))
  const dot = (a: number[], b: number[]) => a.reduce((sum, x, k) => sum + x * b[k]!, 0)
  const logits = unit.map((a) => unit.map((b) => dot(a, b) / temperature))
  const sameImage = (i: number, j: number) => i % images === j % images

  // d loss / d logits, by the softmax's textbook derivative: one cross entropy for each partner, in which the row's
  // other partners have no part.
  let loss = 0
  const share = 2 / (count * (views - 1))
  const slope = logits.map((row, i) => {
    const slopes = new Array<number>(count).fill(0)
    for (let partner = i % images; partner < count; partner += images) {
      if (partner === i) continue
      const others = row.map((x, j) => (sameImage(i, j) && j !== partner ? -Infinity : x))
      const p = softmax(others)
      loss += (logSumExp(others) - row[partner]!) * share
      for (let j = 0; j < count; j++) slopes[j]! += (p[j]! - (j === partner ? 1 : 0)) * share
    }
    return slopes
  })

  const gradient = new Float64Array(z.length)
  for (let i = 0; i < count; i++) {
    const g = new Array<number>(dim).fill(0)
    for (let j = 0; j < count; j++) {
      const weight = (slope[i]![j]! + slope[j]![i]!) / temperature
      for (let k = 0; k < dim; k++) g[k]! += weight * unit[j]![k]!
    }
    const along = normalize ? dot(g, unit[i]!) : 0
    for (let k = 0; k < dim; k++) gradient[i * dim + k] = (g[k]! - along * unit[i]![k]!) / norms[i]!
  }

  let hits = 0
  let entropy = 0
  for (let i = 0; i < images; i++) {
    const pairs = logits[i]!.slice(images, 2 * images)
    hits += pairs.indexOf(Math.max(...pairs)) === i ? 1 : 0
    for (const p of softmax(pairs)) entropy -= (p * Math.log(p + 1e-8)) / images
  }
  return { loss, accuracy: hits / images, entropy, gradient }
}

function logSumExp(values: number[]): number {
  const most = Math.max(...values)
  return most + Math.log(values.reduce((sum, x) => sum + Math.exp(x - most), 0))
}

function softmax(values: number[]): number[] {
  const total = logSumExp(values)
  return values.map((x) => Math.exp(x - total))
}
