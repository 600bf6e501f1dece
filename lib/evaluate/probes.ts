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

/** Whether there are any to compare, and all are finite: early running statistics can keep features from it while the loss is. */
export function areUsable({ data, labels }: LabelledFeatures): boolean {
  return labels.length > 0 && allFinite(data)
}

export function allFinite(data: Float32Array): boolean {
  return data.every((value) => Number.isFinite(value))
}

/** Share of `queries` that cosine kNN over `bank` classifies rightly. */
export async function knnAccuracy(
  addon: Pick<Addon, 'knn'>,
  bank: LabelledFeatures,
  queries: LabelledFeatures,
  { k, temperature }: KnnOptions = knnDefaults,
): Promise<number> {
  const { classes, numbers } = numbered(bank.labels)
  const predicted = await addon.knn(bank.data, numbers, queries.data, {
    dim: dimOf(bank),
    classes: classes.length,
    k: Math.min(k, bank.labels.length),
    temperature,
  })
  return accuracy(predicted, classes, queries.labels)
}

/** Share of `queries` that multinomial logistic regression fitted to `train` (L-BFGS) classifies rightly. */
export async function linearAccuracy(
  addon: Pick<Addon, 'linearProbe'>,
  train: LabelledFeatures,
  queries: LabelledFeatures,
  { l2, maxIterations }: LinearOptions = linearDefaults,
): Promise<number> {
  const { classes, numbers } = numbered(train.labels)
  const predicted = await addon.linearProbe(train.data, numbers, queries.data, {
    dim: dimOf(train),
    classes: classes.length,
    l2,
    maxIterations,
  })
  return accuracy(predicted, classes, queries.labels)
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

/** `predicted` are numbers of `classes`. */
function accuracy(predicted: Int32Array, classes: Int32Array, labels: Int32Array): number {
  let right = 0
  labels.forEach((label, i) => {
    if (classes[predicted[i]!] === label) right++
  })
  return right / labels.length
}

function dimOf({ data, labels }: LabelledFeatures): number {
  return data.length / labels.length
}

/** The classes that there are, ascending, and which of them each label is: numbers in a database can be large. */
function numbered(labels: Int32Array): { classes: Int32Array; numbers: Int32Array } {
  const classes = Int32Array.from(new Set(labels)).sort()
  const numberOf = new Map(Array.from(classes, (label, i) => [label, i]))
  return { classes, numbers: labels.map((label) => numberOf.get(label)!) }
}
