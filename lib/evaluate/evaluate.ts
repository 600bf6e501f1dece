/** evaluate(): how well simple classifiers do on what an encoder says about labelled images. */
import type { Addon } from '../addon/interface.ts'
import { loadAddon } from '../addon/load.ts'
import { validate } from '../config/messages.ts'
import type { Images } from '../data/images.ts'
import { partOf } from '../data/select.ts'
import { type SharedImages, sharedImages } from '../data/shared.ts'
import { Encoder } from '../encoder.ts'
import { encoderFeatures, rawFeatures, rawSize } from './features.ts'
import { chooseL2, l2Grid, type TriedL2 } from './l2.ts'
import { readLabelled } from './labelled.ts'
import {
  checkUsed,
  choosesL2,
  type EvaluateOptions,
  evaluateOptions,
  type ProbeName,
  type Probing,
} from './options.ts'
import {
  centred,
  knnDefaults,
  knnRanking,
  type LabelledFeatures,
  linearDefaults,
  linearRanking,
} from './probes.ts'
import { type Ranking, rankedOf, rankedProbabilities, type Scores, scoresOf, shareWithin } from './scores.ts'
import type { AnyEvaluateOptions } from './types.ts'

export interface EvaluateResult extends Scores {
  probe: ProbeName | 'classifier'
  /** Images learnt from, 0 for a classifier, and tested on. */
  images: number
  testImages: number
  /** That `data` has images of, or that the classifier tells apart. */
  classes: number
  /** Of which `test` has images and `data`, as far as it was used, none: all of theirs are classified wrongly. */
  unseenClasses: string[]
  /** Length of a feature vector. */
  dim: number
  /** Images of `test` that `data` has, too, whose accuracy says little; null for a classifier, which has learnt before. */
  shared: SharedImages | null
  /** Penalty of the linear probe that was tested: the chosen one where there was a choice; null for other probes. */
  l2: number | null
  /** Accuracy of each penalty on the held-out fifth of `data`, in the order given; empty where there was no choice. */
  l2Tried: TriedL2[]
}

/**
 * Trains a probe on `data` and tests it on `test`; the encoder is not changed. Errors:
 * ERR_SIMCLR_INVALID_ARGUMENT, ERR_SIMCLR_DATA (no labels, a class that `data` has not), ERR_SIMCLR_STATE (no
 * classifier), and those of `Encoder.load`.
 */
export async function evaluate(options: EvaluateOptions): Promise<EvaluateResult> {
  const checked: AnyEvaluateOptions = validate(evaluateOptions, options)
  checkUsed(checked)
  const loaded = typeof checked.encoder === 'string' && checked.encoder !== 'raw'
  const encoder = loaded
    ? await Encoder.load(checked.encoder as string, { device: checked.device, output: checked.output })
    : checked.encoder
  if (encoder instanceof Encoder) encoder.requireUsable() // nobody should wait for images to learn that
  try {
    if (checked.probe === 'classifier') return await evaluateClassifier(encoder as Encoder, checked)
    return await evaluateProbe(encoder, checked as Probing)
  } finally {
    if (loaded) (encoder as Encoder).dispose()
  }
}

async function evaluateProbe(encoder: Encoder | string, options: Probing): Promise<EvaluateResult> {
  const addon = loadAddon()
  const { probe = 'knn' } = options
  const imageSize = encoder instanceof Encoder ? encoder.preprocessing.imageSize : options.imageSize
  const pair = await readPair(options, imageSize)
  try {
    const features = await pairFeatures(addon, encoder, pair, options)
    const { learnt, tested } = features
    const classes = new Set(learnt.labels).size
    const { l2, tried } = probe === 'linear' ? await penalty(addon, learnt, options) : noPenalty
    const used = { ...options, l2: l2 ?? undefined }
    const ranking = await probeRanking(addon, features, probe, { ...used, top: rankedOf(classes) })
    return {
      probe,
      ...scoresOf(ranking, tested.labels, classes, pair.data.classNames!),
      images: learnt.labels.length,
      testImages: tested.labels.length,
      classes,
      unseenClasses: unseen(pair, features),
      dim: learnt.data.length / learnt.labels.length,
      shared: await sharedImages(pair.test, pair.data, options.signal),
      l2,
      l2Tried: tried,
    }
  } finally {
    await disposePair(pair)
  }
}

function unseen({ data }: Pair, { learnt, tested }: PairFeatures): string[] {
  const seen = new Set(learnt.labels)
  const labels = Int32Array.from(new Set(tested.labels)).sort()
  return Array.from(
    labels.filter((label) => !seen.has(label)),
    (label) => data.classNames![label]!,
  )
}

const noPenalty = { l2: null, tried: [] }

/** The penalty that was given, or the best of several. */
async function penalty(
  addon: Addon,
  learnt: LabelledFeatures,
  { l2 = linearDefaults.l2, maxIterations = linearDefaults.maxIterations, seed = 0, signal }: Probing,
): Promise<{ l2: number; tried: TriedL2[] }> {
  if (!choosesL2(l2)) return { l2, tried: [] }
  const penalties = l2 === 'auto' ? l2Grid : l2
  return chooseL2(addon, learnt, penalties, { maxIterations, seed, signal })
}

async function evaluateClassifier(
  encoder: Encoder,
  { test, maxSkipped, signal, onProgress }: AnyEvaluateOptions,
): Promise<EvaluateResult> {
  const { imageSize } = encoder.preprocessing
  const classNames = encoder.requireClasses()
  const reading = { imageSize, maxSkipped, signal, onProgress, classNames }
  const images = await readLabelled(test, 'test', reading)
  try {
    const { data, labels } = await encoderFeatures(encoder, images, signal)
    const probabilities = await encoder.classifyFeatures(data)
    const classes = classNames.length
    const ranking = rankedProbabilities(probabilities.data, classes, rankedOf(classes))
    return {
      probe: 'classifier',
      ...scoresOf(ranking, labels, classes, classNames),
      images: 0,
      testImages: labels.length,
      classes,
      unseenClasses: [],
      dim: encoder.featureDim,
      shared: null,
      l2: null,
      l2Tried: [],
    }
  } finally {
    await images.dispose()
  }
}

/** What is learnt from and what is tested on, with the same classes. */
export interface Pair {
  data: Images
  test: Images
}

/** Reads both sets; the labels of `test` mean what those of `data` mean. */
export async function readPair(
  options: Pick<
    Probing,
    | 'data'
    | 'test'
    | 'limit'
    | 'limitPerClass'
    | 'labelFraction'
    | 'limitSeed'
    | 'maxSkipped'
    | 'signal'
    | 'onProgress'
  >,
  imageSize: number | undefined,
): Promise<Pair> {
  const { maxSkipped, signal, onProgress } = options
  const reading = { imageSize, maxSkipped, signal, onProgress }
  const data = await readLabelled(options.data, 'data', { ...reading, ...partOf(options) })
  try {
    const classNames = data.classNames ?? undefined
    return { data, test: await readLabelled(options.test, 'test', { ...reading, classNames }) }
  } catch (error) {
    await data.dispose()
    throw error
  }
}

/** Frees both, whatever freeing the first comes to. */
export async function disposePair({ data, test }: Pair): Promise<void> {
  try {
    await data.dispose()
  } finally {
    await test.dispose()
  }
}

/** Features of both sets. */
export interface PairFeatures {
  learnt: LabelledFeatures
  tested: LabelledFeatures
  /** Pixels, whose mean has to go before cosine similarities mean anything. */
  isRaw: boolean
}

/** The features of a pair; `imageSize` is that of raw pixels. */
export async function pairFeatures(
  addon: Addon,
  encoder: Encoder | string,
  { data, test }: Pair,
  {
    imageSize = Math.min(data.imageSize, rawSize),
    signal,
  }: Pick<AnyEvaluateOptions, 'imageSize' | 'signal'> = {},
): Promise<PairFeatures> {
  const of = (images: Images): Promise<LabelledFeatures> =>
    encoder instanceof Encoder
      ? encoderFeatures(encoder, images, signal)
      : rawFeatures(addon, images, imageSize, signal)
  return { learnt: await of(data), tested: await of(test), isRaw: !(encoder instanceof Encoder) }
}

type ProbeSettings = Pick<AnyEvaluateOptions, 'k' | 'temperature' | 'maxIterations'> & {
  l2?: number | undefined
}

/** The accuracy of one probe. */
export async function probeAccuracy(
  addon: Addon,
  features: PairFeatures,
  probe: ProbeName,
  settings: ProbeSettings = {},
): Promise<number> {
  const ranking = await probeRanking(addon, features, probe, { ...settings, top: 1 })
  return shareWithin(ranking, features.tested.labels, 1)
}

/** The `top` classes that one probe gives each tested image. */
function probeRanking(
  addon: Addon,
  { learnt, tested, isRaw }: PairFeatures,
  probe: ProbeName,
  { top, ...settings }: ProbeSettings & { top: number },
): Promise<Ranking> {
  if (probe === 'linear') {
    const { l2 = linearDefaults.l2, maxIterations = linearDefaults.maxIterations } = settings
    return linearRanking(addon, learnt, tested.data, { l2, maxIterations, top })
  }
  const { k = knnDefaults.k, temperature = knnDefaults.temperature } = settings
  const { bank, queries } = isRaw ? centred(learnt, tested) : { bank: learnt, queries: tested }
  return knnRanking(addon, bank, queries.data, { k, temperature, top })
}
