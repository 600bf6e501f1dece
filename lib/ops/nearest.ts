/** `ops.nearest`. */
import { z } from 'zod'
import { loadAddon } from '../addon/load.ts'
import { expected, invalid, validate } from '../config/messages.ts'
import { choice, integer, option, required } from '../config/option.ts'
import type { Must, Same } from '../config/same.ts'
import { checkArray, rowsOf } from './arrays.ts'
import type { NearestOptions, SimilarityMetric } from './types.ts'

export type { NearestOptions, SimilarityMetric }

/** Neighbours of each query, the nearest first: row i of both arrays, of `shape[1]` = k values, belongs to query i. */
export interface Neighbours {
  /** Rows of the references. */
  indices: Uint32Array
  /** How near each is, larger is nearer: the cosine, from -1 to 1, or minus the Euclidean distance. */
  similarities: Float32Array
  /** [queries, k] */
  shape: [queries: number, k: number]
}

const defaults = { k: 10, metric: 'cosine' } as const

/** `k` and `metric`, for commands too. */
export const neighbourOptions = {
  k: option(integer(1), {
    about: 'Neighbours of each query, at most as many as there are references.',
    default: `${defaults.k}, or all where there are fewer`,
  }),
  metric: option(choice(['cosine', 'euclidean'] satisfies SimilarityMetric[]), {
    about: "Nearest by the angle between features ('cosine') or by their Euclidean distance.",
    default: defaults.metric,
  }),
}
export const nearestOptions = z.strictObject({
  dim: required(integer(1), { about: 'Length of a row.' }),
  ...neighbourOptions,
})
type _Options = Must<Same<NearestOptions, z.input<typeof nearestOptions>>>

/**
 * The `k` rows of `references` nearest to each of `queries`. Exact: nothing is approximated, and every similarity is
 * summed in float64 and rounded to float32, so that it depends on its two rows alone, not on what else is asked, nor on
 * threads. Of equally near rows the lower index comes first. A row of zeros has cosine 0 with every other. Computed on a
 * thread of its own, in blocks: beside arrays and result it takes 100 MB at most.
 *
 * @param queries [m, dim], m may be 0; `references` [n, dim]. Both are copied at once.
 * @throws SimclrError ERR_SIMCLR_INVALID_ARGUMENT, also for rows that are not finite: NaN is near nothing, and nothing
 *   would say so.
 * @example
 * const { indices, similarities } = await ops.nearest(queries, references, { dim: 512, k: 5 })
 */
export async function nearest(
  queries: Float32Array,
  references: Float32Array,
  options: NearestOptions,
): Promise<Neighbours> {
  const { dim, k: asked, metric = defaults.metric } = validate(nearestOptions, options)
  for (const [name, values] of Object.entries({ queries, references }))
    checkArray(values, name, [Float32Array])
  const rows = rowsOf(references, dim, 'references')
  const count = queries.length === 0 ? 0 : rowsOf(queries, dim, 'queries')
  const k = asked ?? Math.min(defaults.k, rows)
  if (k > rows) {
    throw invalid(
      expected(`at most the ${rows} references there are`, 'k', k, 'Lower it, or add references.'),
    )
  }
  return { ...(await loadAddon().nearest(queries, references, { dim, k, metric })), shape: [count, k] }
}
