/** Features on a plane by UMAP (McInnes, Healy and Melville 2018), so that near images lie near each other. */
import { UMAP } from 'umap-js'
import { type Matrix, nearestRows } from './neighbours.ts'

/** Fewer images than this have no neighbourhoods to draw. */
export const smallestMap = 8

/** A position within the unit square for each row; the same for the same features. Rejects where `signal` says so. */
export async function mapOf(features: Matrix, signal?: AbortSignal): Promise<[x: number, y: number][]> {
  const { rows } = features
  const nNeighbors = Math.min(15, rows - 1)
  const all = Array.from({ length: rows }, (_, row) => row)
  const near = await nearestRows(features, all, nNeighbors)
  const umap = new UMAP({ nNeighbors, minDist: 0.3, random: mulberry32(1) })
  // A row counts as its own nearest neighbour.
  umap.setPrecomputedKNN(
    near.map((neighbours, row) =>
      [row, ...neighbours.map((neighbour) => neighbour.row)].slice(0, nNeighbors),
    ),
    near.map((neighbours) => [0, ...neighbours.map(({ similarity }) => 1 - similarity)].slice(0, nNeighbors)),
  )
  const dim = features.data.length / rows
  const vectors = all.map((row) => [...features.data.subarray(row * dim, (row + 1) * dim)])
  const positions = await umap.fitAsync(vectors, () => signal?.aborted !== true)
  signal?.throwIfAborted()
  return fitted(positions)
}

/** Into the unit square, so that a few far points do not squeeze the others: clipped at the outer percents. */
function fitted(positions: number[][]): [number, number][] {
  const bounds = [0, 1].map((axis) => {
    const sorted = positions.map((position) => position[axis]!).sort((a, b) => a - b)
    const at = (share: number) => sorted[Math.round(share * (sorted.length - 1))]!
    return [at(0.01), at(0.99)] as const
  })
  const place = (value: number, [low, high]: readonly [number, number]) =>
    high > low ? Math.min(1, Math.max(0, (value - low) / (high - low))) : 0.5
  return positions.map(([x, y]) => [place(x!, bounds[0]!), place(y!, bounds[1]!)])
}

/** Tommy Ettinger's small generator: a report looks the same each time. */
function mulberry32(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let t = Math.imul(state ^ (state >>> 15), 1 | state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296
  }
}
