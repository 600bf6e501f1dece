/** Accuracy of labels predicted from features: kNN and linear, the same way for every kind of features. */
import type { Addon } from '../addon/interface.ts'

/** Rows of numbers with a class each. */
export interface LabelledFeatures {
  /** [rows, dim] */
  data: Float32Array
  labels: Int32Array
}

export interface KnnOptions {
  /** Neighbours that vote; never more than there are. */
  k: number
  /** Votes weigh exp(cosine similarity / temperature). */
  temperature: number
}

export interface LinearOptions {
  /** L2 penalty on the weights. */
  l2: number
  maxIterations: number
}

export const knnDefaults: KnnOptions = { k: 20, temperature: 0.1 }
export const linearDefaults: LinearOptions = { l2: 1e-3, maxIterations: 100 }

/** Share of `queries` that cosine kNN over `bank` classifies rightly. */
export async function knnAccuracy(
  addon: Pick<Addon, 'knn'>,
  bank: LabelledFeatures,
  queries: LabelledFeatures,
  { k, temperature }: KnnOptions = knnDefaults,
): Promise<number> {
  const predicted = await addon.knn(bank.data, bank.labels, queries.data, {
    dim: dimOf(bank),
    classes: classesOf(bank, queries),
    k: Math.min(k, bank.labels.length),
    temperature,
  })
  return accuracy(predicted, queries.labels)
}

/** Share of `queries` that multinomial logistic regression fitted to `train` (L-BFGS) classifies rightly. */
export async function linearAccuracy(
  addon: Pick<Addon, 'linearProbe'>,
  train: LabelledFeatures,
  queries: LabelledFeatures,
  { l2, maxIterations }: LinearOptions = linearDefaults,
): Promise<number> {
  const predicted = await addon.linearProbe(train.data, train.labels, queries.data, {
    dim: dimOf(train),
    classes: classesOf(train, queries),
    l2,
    maxIterations,
  })
  return accuracy(predicted, queries.labels)
}

/** Both sets less the mean of `bank`, as raw pixels need it before cosine similarities mean anything. */
export function centred(
  bank: LabelledFeatures,
  queries: LabelledFeatures,
): { bank: LabelledFeatures; queries: LabelledFeatures } {
  const dim = dimOf(bank)
  const mean = new Float64Array(dim)
  bank.data.forEach((value, i) => {
    mean[i % dim]! += value / bank.labels.length
  })
  const centre = ({ data, labels }: LabelledFeatures) => ({
    data: data.map((value, i) => value - mean[i % dim]!),
    labels,
  })
  return { bank: centre(bank), queries: centre(queries) }
}

function accuracy(predicted: Int32Array, labels: Int32Array): number {
  let right = 0
  labels.forEach((label, i) => {
    if (predicted[i] === label) right++
  })
  return right / labels.length
}

function dimOf({ data, labels }: LabelledFeatures): number {
  return data.length / labels.length
}

function classesOf(...sets: LabelledFeatures[]): number {
  return 1 + sets.reduce((most, { labels }) => labels.reduce((a, b) => Math.max(a, b), most), 0)
}
