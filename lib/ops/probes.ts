/** `ops.knn` and `ops.linearProbe`. */
import { loadAddon } from '../addon/load.ts'
import { knnDefaults, linearDefaults } from '../evaluate/probes.ts'

export interface ProbeOptions {
  /** Length of a row. */
  dim: number
  /** Number of classes. Default: the largest label + 1. */
  classes?: number
}

/**
 * Weighted k-nearest-neighbour classes of `queries` (Wu et al. 2018): by cosine similarity s, each of the k
 * nearest rows of `bank` votes with exp(s / temperature).
 *
 * @param bank [n, dim]; `labels` n classes from 0; `queries` [m, dim]. All are copied at once.
 * @param options k: default 20; temperature: default 0.1.
 */
export async function knn(
  bank: Float32Array,
  labels: Int32Array,
  queries: Float32Array,
  options: ProbeOptions & { k?: number; temperature?: number },
): Promise<Int32Array> {
  const {
    dim,
    classes = classesOf(labels),
    k = knnDefaults.k,
    temperature = knnDefaults.temperature,
  } = options
  return loadAddon().knn(bank, labels, queries, { dim, classes, k, temperature })
}

/**
 * Classes that multinomial logistic regression predicts for `queries`: features standardised, L-BFGS from zero
 * weights. The linear evaluation of section 4.2 in closed, repeatable form.
 *
 * @param features [n, dim]; `labels` n classes from 0; `queries` [m, dim]. All are copied at once.
 * @param options l2: penalty on the weights' squared sum, default 1e-3; maxIterations: default 100.
 * @throws SimclrError ERR_SIMCLR_INVALID_ARGUMENT, also for features that are not finite.
 */
export async function linearProbe(
  features: Float32Array,
  labels: Int32Array,
  queries: Float32Array,
  options: ProbeOptions & { l2?: number; maxIterations?: number },
): Promise<Int32Array> {
  const {
    dim,
    classes = classesOf(labels),
    l2 = linearDefaults.l2,
    maxIterations = linearDefaults.maxIterations,
  } = options
  return loadAddon().linearProbe(features, labels, queries, { dim, classes, l2, maxIterations })
}

function classesOf(labels: Int32Array): number {
  return 1 + labels.reduce((most, label) => Math.max(most, label), -1)
}
