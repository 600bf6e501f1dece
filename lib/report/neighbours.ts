/** Which images are near which, by the cosine of their features. */
import { nearest } from '../ops/nearest.ts'

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
export async function nearestRows(
  { data, rows }: Matrix,
  queries: readonly number[],
  count: number,
): Promise<Neighbour[][]> {
  if (queries.length === 0) return []
  const dim = data.length / rows
  const asked = new Float32Array(queries.length * dim)
  for (const [i, row] of queries.entries()) asked.set(data.subarray(row * dim, (row + 1) * dim), i * dim)
  const k = Math.min(count + 1, rows) // with the row itself
  const { indices, similarities } = await nearest(asked, data, { dim, k })
  return queries.map((query, i) =>
    Array.from({ length: k }, (_, j) => i * k + j)
      .map((at) => ({ row: indices[at]!, similarity: similarities[at]! }))
      .filter(({ row }) => row !== query)
      .slice(0, count),
  )
}
