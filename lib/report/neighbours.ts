/** Which images are near which, by the cosine of their features. */

/** Row-major features. */
export interface Matrix {
  data: Float32Array
  rows: number
}

export interface Neighbour {
  row: number
  /** Cosine. */
  similarity: number
}

/** For each of `queries` (rows of the matrix) the `count` nearest others, nearest first. */
export function nearestRows(
  { data, rows }: Matrix,
  queries: readonly number[],
  count: number,
): Neighbour[][] {
  const dim = data.length / rows
  const unit = normalised(data, rows)
  return queries.map((query) =>
    Array.from({ length: rows }, (_, row) => ({ row, similarity: dot(unit, query * dim, row * dim, dim) }))
      .filter(({ row }) => row !== query)
      .sort((a, b) => b.similarity - a.similarity)
      .slice(0, count),
  )
}

function normalised(data: Float32Array, rows: number): Float32Array {
  const dim = data.length / rows
  const unit = new Float32Array(data.length)
  for (let row = 0; row < rows; row++) {
    const norm = Math.sqrt(dot(data, row * dim, row * dim, dim)) || 1
    for (let i = row * dim; i < (row + 1) * dim; i++) unit[i] = data[i]! / norm
  }
  return unit
}

function dot(values: Float32Array, a: number, b: number, dim: number): number {
  let sum = 0
  for (let i = 0; i < dim; i++) sum += values[a + i]! * values[b + i]!
  return sum
}
