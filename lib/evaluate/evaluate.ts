/** evaluate(): how well simple classifiers do on what an encoder says about labelled images. */

import { z } from 'zod'
import type { Addon } from '../addon/interface.ts'
import { loadAddon } from '../addon/load.ts'
import { dataInput } from '../config/data-input.ts'
import { expected, invalid, validate } from '../config/messages.ts'
import { choice, instance, integer, option, real, required, signal } from '../config/option.ts'
import { device, trainSettings } from '../config/settings.ts'
import type { Images } from '../data/images.ts'
import type { DataInput } from '../data/open.ts'
import { type SharedImages, sharedImages } from '../data/shared.ts'
import { Encoder } from '../encoder.ts'
import { encoderFeatures, rawFeatures, rawSize } from './features.ts'
import { readLabelled } from './labelled.ts'
import {
  centred,
  knnAccuracy,
  knnDefaults,
  type LabelledFeatures,
  linearAccuracy,
  linearDefaults,
} from './probes.ts'

const labelled = (what: string) =>
  `${what}: class folders, 'cifar10:DIR', 'idx:FILE' or a source with labels.`

export const evaluateOptions = z.strictObject({
  encoder: required(
    instance<Encoder | string>(
      "an Encoder, a run folder, a .safetensors or PyTorch file or 'raw'",
      (value) => value instanceof Encoder || (typeof value === 'string' && value !== ''),
    ),
    { about: "What makes the features; 'raw' is the pixels themselves." },
  ),
  data: option(dataInput, {
    about: labelled('Labelled images to learn from'),
    default: "needed but for probe 'classifier', which has learnt",
  }),
  test: required(dataInput, { about: labelled('Labelled images to be tested on') }),
  probe: option(choice(['knn', 'linear', 'classifier']), {
    about:
      'Weighted nearest neighbours, logistic regression on standardised features, or the classifier that was trained with the encoder.',
    default: 'knn',
    source: 'appendix B.5',
  }),
  k: option(integer(1), { about: 'Neighbours that vote (kNN).', default: String(knnDefaults.k) }),
  temperature: option(real(1e-6), {
    about: 'Votes weigh exp(cosine similarity / temperature) (kNN).',
    default: String(knnDefaults.temperature),
  }),
  l2: option(real(0), { about: 'L2 penalty of the linear probe.', default: String(linearDefaults.l2) }),
  maxIterations: option(integer(1), {
    about: 'Iterations of L-BFGS at most (linear).',
    default: String(linearDefaults.maxIterations),
  }),
  imageSize: option(integer(8, 1024), {
    about: "Size of 'raw' pixels; an encoder knows its own.",
    default: 'of the images, at most 32',
    unit: 'pixels',
  }),
  limit: option(integer(2), {
    about: 'Uses only so many of the images of `data`.',
    default: 'all',
    unit: 'images',
  }),
  maxSkipped: trainSettings.shape.maxSkipped,
  device,
  signal: signal('Stops reading images and computing features.'),
  onProgress: option(
    instance<(progress: { name: string; done: number; total: number }) => void>(
      'a function',
      (value) => typeof value === 'function',
    ),
    { about: 'Told while images are read.', default: 'none', flag: null },
  ),
})

type AnyOptions = z.input<typeof evaluateOptions>

type OfKnn = 'k' | 'temperature'
type OfLinear = 'l2' | 'maxIterations'
type OfProbes = OfKnn | OfLinear | 'limit'
type Unread<Name extends keyof AnyOptions> = { [Option in Name]?: undefined }

/** Each probe has the options that it reads, and no others. */
export type EvaluateOptions = Omit<AnyOptions, 'probe' | 'data' | OfProbes> &
  (
    | ({ probe?: 'knn' | undefined; data: DataInput } & Pick<AnyOptions, OfKnn | 'limit'> & Unread<OfLinear>)
    | ({ probe: 'linear'; data: DataInput } & Pick<AnyOptions, OfLinear | 'limit'> & Unread<OfKnn>)
    | ({ probe: 'classifier' } & Unread<OfProbes | 'data'>)
  )

export type ProbeName = 'knn' | 'linear'

export interface EvaluateResult {
  probe: ProbeName | 'classifier'
  /** Share of the test images classified rightly, 0 to 1. */
  accuracy: number
  /** Images learnt from, 0 for a classifier, and tested on. */
  images: number
  testImages: number
  /** That `data` has images of, or that the classifier tells apart. */
  classes: number
  /** Length of a feature vector. */
  dim: number
  /** Images of `test` that `data` has, too, whose accuracy says little; null for a classifier, which has learnt before. */
  shared: SharedImages | null
}

/**
 * Trains a probe on `data` and tests it on `test`; the encoder is not changed. Errors:
 * ERR_SIMCLR_INVALID_ARGUMENT, ERR_SIMCLR_DATA (no labels, a class that `data` has not), ERR_SIMCLR_STATE (no
 * classifier), and those of `Encoder.load`.
 */
export async function evaluate(options: EvaluateOptions): Promise<EvaluateResult> {
  const checked: AnyOptions = validate(evaluateOptions, options)
  checkUsed(checked)
  const loaded = typeof checked.encoder === 'string' && checked.encoder !== 'raw'
  const encoder = loaded
    ? await Encoder.load(checked.encoder as string, { device: checked.device })
    : checked.encoder
  try {
    if (checked.probe === 'classifier') return await evaluateClassifier(encoder as Encoder, checked)
    return await evaluateProbe(encoder, checked as Probing)
  } finally {
    if (loaded) (encoder as Encoder).dispose()
  }
}

/** Options of a probe that learns. */
type Probing = AnyOptions & { data: DataInput; probe?: ProbeName }

async function evaluateProbe(encoder: Encoder | string, options: Probing): Promise<EvaluateResult> {
  const addon = loadAddon()
  const { probe = 'knn' } = options
  const imageSize = encoder instanceof Encoder ? encoder.preprocessing.imageSize : options.imageSize
  const pair = await readPair(options, imageSize)
  try {
    const features = await pairFeatures(addon, encoder, pair, options)
    const { learnt, tested } = features
    return {
      probe,
      accuracy: await probeAccuracy(addon, features, probe, options),
      images: learnt.labels.length,
      testImages: tested.labels.length,
      classes: new Set(learnt.labels).size,
      dim: learnt.data.length / learnt.labels.length,
      shared: await sharedImages(pair.test, pair.data, options.signal),
    }
  } finally {
    await disposePair(pair)
  }
}

async function evaluateClassifier(
  encoder: Encoder,
  { test, maxSkipped, signal, onProgress }: AnyOptions,
): Promise<EvaluateResult> {
  const { imageSize } = encoder.preprocessing
  const classNames = encoder.requireClasses()
  const reading = { imageSize, maxSkipped, signal, onProgress, classNames }
  const images = await readLabelled(test, 'test', reading)
  try {
    const { data, labels } = await encoderFeatures(encoder, images, signal)
    const { best } = await encoder.classifyFeatures(data)
    return {
      probe: 'classifier',
      accuracy:
        best.reduce((right, name, i) => right + (name === classNames[labels[i]!] ? 1 : 0), 0) / labels.length,
      images: 0,
      testImages: labels.length,
      classes: classNames.length,
      dim: encoder.featureDim,
      shared: null,
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
  options: Pick<Probing, 'data' | 'test' | 'limit' | 'maxSkipped' | 'signal' | 'onProgress'> & {
    limitPerClass?: number | undefined
  },
  imageSize: number | undefined,
): Promise<Pair> {
  const { limit, limitPerClass, maxSkipped, signal, onProgress } = options
  const reading = { imageSize, maxSkipped, signal, onProgress }
  const data = await readLabelled(options.data, 'data', { ...reading, limit, limitPerClass })
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
  { imageSize = Math.min(data.imageSize, rawSize), signal }: Pick<AnyOptions, 'imageSize' | 'signal'> = {},
): Promise<PairFeatures> {
  const of = (images: Images): Promise<LabelledFeatures> =>
    encoder instanceof Encoder
      ? encoderFeatures(encoder, images, signal)
      : rawFeatures(addon, images, imageSize, 'torch', signal)
  return { learnt: await of(data), tested: await of(test), isRaw: !(encoder instanceof Encoder) }
}

/** The accuracy of one probe. */
export function probeAccuracy(
  addon: Addon,
  { learnt, tested, isRaw }: PairFeatures,
  probe: ProbeName,
  options: Pick<AnyOptions, 'k' | 'temperature' | 'l2' | 'maxIterations'> = {},
): Promise<number> {
  if (probe === 'linear') {
    const { l2 = linearDefaults.l2, maxIterations = linearDefaults.maxIterations } = options
    return linearAccuracy(addon, learnt, tested, { l2, maxIterations })
  }
  const { k = knnDefaults.k, temperature = knnDefaults.temperature } = options
  const { bank, queries } = isRaw ? centred(learnt, tested) : { bank: learnt, queries: tested }
  return knnAccuracy(addon, bank, queries, { k, temperature })
}

/** Which options nobody would read: whoever passes one should not believe that it has changed anything. */
function checkUsed(options: AnyOptions): void {
  const probe = options.probe ?? 'knn'
  const { data, k, temperature, l2, maxIterations, limit, imageSize, device } = options
  if (probe === 'classifier' && options.encoder === 'raw') {
    throw invalid(expected('an encoder with a classifier', 'encoder', 'raw', 'Pixels have none.'))
  }
  if (probe !== 'classifier' && data === undefined) {
    throw invalid(expected('labelled images', 'data', data, 'Probes learn from labelled images.'))
  }
  const ofKnn = { k, temperature }
  const ofLinear = { l2, maxIterations }
  const others = {
    knn: ofLinear,
    linear: ofKnn,
    classifier: { data, limit, ...ofKnn, ...ofLinear },
  }[probe]
  for (const [name, value] of Object.entries(others)) {
    if (value === undefined) continue
    const advice = `Leave it out, or choose the other probe.`
    throw invalid(expected(`no value, as the ${probe} probe has no such option,`, name, value, advice))
  }
  if (device !== undefined && (options.encoder === 'raw' || options.encoder instanceof Encoder)) {
    const advice = 'It is for an encoder that is loaded here: name its run or file, or leave this out.'
    throw invalid(expected('no value with raw pixels or an open Encoder', 'device', device, advice))
  }
  if (options.encoder === 'raw' || imageSize === undefined) return
  const advice = "Leave it out: it is the size of 'raw' pixels."
  throw invalid(expected('no value, as an encoder knows its own size,', 'imageSize', imageSize, advice))
}
