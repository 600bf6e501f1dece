/** `ops.knn` and `ops.linearProbe`. */

import { z } from 'zod'
import { loadAddon } from '../addon/load.ts'
import { validate } from '../config/messages.ts'
import { integer, option, positive, real, required } from '../config/option.ts'
import type { Must, Same } from '../config/same.ts'
import { knnDefaults, linearDefaults } from '../evaluate/probes.ts'
import { checkArray, checkLabels, rowsOf } from './arrays.ts'
import type { KnnProbeOptions, LinearProbeOptions, ProbeOptions } from './types.ts'

const rows = {
  dim: required(integer(1), { about: 'Length of a row.' }),
  classes: option(integer(1), { about: 'Number of classes.', default: 'the largest label + 1' }),
}
export const rowOptions = z.strictObject(rows)
export const knnOptions = z.strictObject({
  ...rows,
  k: option(integer(1), { about: 'Neighbours that vote.', default: String(knnDefaults.k) }),
  temperature: option(positive(), {
    about: 'Votes weigh exp(cosine similarity / temperature).',
    default: String(knnDefaults.temperature),
  }),
})
export const linearOptions = z.strictObject({
  ...rows,
  l2: option(real(0), {
    about: 'L2 penalty: l2 · |W|², without a half, is added to the mean cross entropy.',
    default: String(linearDefaults.l2),
  }),
  maxIterations: option(integer(1), {
    about: 'Iterations of L-BFGS at most.',
    default: String(linearDefaults.maxIterations),
  }),
})
export type { KnnProbeOptions, LinearProbeOptions, ProbeOptions }

type _Knn = Must<Same<KnnProbeOptions, z.input<typeof knnOptions>>>
type _Linear = Must<Same<LinearProbeOptions, z.input<typeof linearOptions>>>

/**
 * Weighted k-nearest-neighbour classes of `queries` (Wu et al. 2018): by cosine similarity s, each of the k
 * nearest rows of `bank` votes with exp(s / temperature).
 *
 * @param bank [n, dim]; `labels` n classes from 0; `queries` [m, dim]. All are copied at once.
 * @throws SimclrError ERR_SIMCLR_INVALID_ARGUMENT
 */
export async function knn(
  bank: Float32Array,
  labels: Int32Array,
  queries: Float32Array,
  options: KnnProbeOptions,
): Promise<Int32Array> {
  const { k = knnDefaults.k, temperature = knnDefaults.temperature, ...rows } = validate(knnOptions, options)
  const { dim, classes } = checkRows('bank', { learnt: bank, labels, queries }, rows)
  return loadAddon().knn(bank, labels, queries, { dim, classes, k, temperature })
}

/**
 * Classes that multinomial logistic regression predicts for `queries`: features standardised, L-BFGS from zero
 * weights. The linear evaluation of section 4.2 in closed, repeatable form.
 *
 * @param features [n, dim]; `labels` n classes from 0; `queries` [m, dim]. All are copied at once.
 * @throws SimclrError ERR_SIMCLR_INVALID_ARGUMENT, also for features that are not finite.
 */
export async function linearProbe(
  features: Float32Array,
  labels: Int32Array,
  queries: Float32Array,
  options: LinearProbeOptions,
): Promise<Int32Array> {
  const {
    l2 = linearDefaults.l2,
    maxIterations = linearDefaults.maxIterations,
    ...rows
  } = validate(linearOptions, options)
  const { dim, classes } = checkRows('features', { learnt: features, labels, queries }, rows)
  return loadAddon().linearProbe(features, labels, queries, { dim, classes, l2, maxIterations })
}

/** `name`: of the rows that are learnt from. */
function checkRows(
  name: string,
  { learnt, labels, queries }: { learnt: Float32Array; labels: Int32Array; queries: Float32Array },
  { dim, classes }: { dim: number; classes?: number | undefined },
): { dim: number; classes: number } {
  for (const [key, values] of Object.entries({ [name]: learnt, queries }))
    checkArray(values, key, [Float32Array])
  checkArray(labels, 'labels', [Int32Array])
  const count = classes ?? 1 + labels.reduce((most, label) => Math.max(most, label), 0)
  checkLabels(labels, rowsOf(learnt, dim, name), count)
  if (queries.length > 0) rowsOf(queries, dim, 'queries')
  return { dim, classes: count }
}
