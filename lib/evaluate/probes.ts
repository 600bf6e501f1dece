/** Labels predicted from features, and how many are right: kNN and linear, the same way for every kind of features. */
import type { Addon } from '../addon/interface.ts'
import { type Ranking, shareWithin } from './scores.ts'

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

/** How many classes are asked for, of each image the likeliest. */
type Top = Pick<Ranking, 'top'>

export const knnDefaults: KnnOptions = { k: 20, temperature: 0.1 }
export const linearDefaults: LinearOptions = { l2: 1e-3, maxIterations: 100 }

/** Whether there are any to compare, and all are finite: early running statistics can keep features from it while the loss is. */
export function areUsable({ data, labels }: LabelledFeatures): boolean {
  return labels.length > 0 && allFinite(data)
}

export function allFinite(data: Float32Array): boolean {
  return data.every((value) => Number.isFinite(value))
}

/** The `top` classes of each of `queries` by cosine kNN over `bank`. */
export async function knnRanking(
  addon: Pick<Addon, 'knn'>,
  bank: LabelledFeatures,
  queries: Float32Array,
  { k, temperature, top }: KnnOptions & Top,
): Promise<Ranking> {
  const most = Math.min(k, bank.labels.length)
  return ranking(bank, top, (numbers, sizes) =>
    addon.knn(bank.data, numbers, queries, { ...sizes, k: most, temperature, top }),
  )
}

/** The `top` classes of each of `queries` by multinomial logistic regression fitted to `train` (L-BFGS). */
export async function linearRanking(
  addon: Pick<Addon, 'linearProbe'>,
  train: LabelledFeatures,
  queries: Float32Array,
  { l2, maxIterations, top }: LinearOptions & Top,
): Promise<Ranking> {
  return ranking(train, top, (numbers, sizes) =>
    addon.linearProbe(train.data, numbers, queries, { ...sizes, l2, maxIterations, top }),
  )
}

/** What `probe` says of the `known` rows' classes, numbered from 0 without gaps, as their own labels. */
async function ranking(
  known: LabelledFeatures,
  top: number,
  probe: (numbers: Int32Array, sizes: { dim: number; classes: number }) => Promise<Int32Array>,
): Promise<Ranking> {
  const { classes, numbers } = numbered(known.labels)
  const ranked = await probe(numbers, { dim: dimOf(known), classes: classes.length })
  return { labels: ranked.map((number) => classes[number] ?? -1), top }
}

/** Share of `queries` that cosine kNN over `bank` classifies rightly. */
export async function knnAccuracy(
  addon: Pick<Addon, 'knn'>,
  bank: LabelledFeatures,
  { data, labels }: LabelledFeatures,
  options: KnnOptions = knnDefaults,
): Promise<number> {
  return shareWithin(await knnRanking(addon, bank, data, { ...options, top: 1 }), labels, 1)
}

/** Share of `queries` that multinomial logistic regression fitted to `train` classifies rightly. */
export async function linearAccuracy(
  addon: Pick<Addon, 'linearProbe'>,
  train: LabelledFeatures,
  { data, labels }: LabelledFeatures,
  options: LinearOptions = linearDefaults,
): Promise<number> {
  return shareWithin(await linearRanking(addon, train, data, { ...options, top: 1 }), labels, 1)
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

function dimOf({ data, labels }: LabelledFeatures): number {
  return data.length / labels.length
}

/** The classes that there are, ascending, and which of them each label is: numbers in a database can be large. */
function numbered(labels: Int32Array): { classes: Int32Array; numbers: Int32Array } {
  const classes = Int32Array.from(new Set(labels)).sort()
  const numberOf = new Map(Array.from(classes, (label, i) => [label, i]))
  return { classes, numbers: labels.map((label) => numberOf.get(label)!) }
}
