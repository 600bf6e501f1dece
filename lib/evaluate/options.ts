/** What evaluate() takes: each probe has the options that it reads, and no others. */
import { z } from 'zod'
import { dataInput } from '../config/data-input.ts'
import { output } from '../config/encoder-options.ts'
import { expected, invalid } from '../config/messages.ts'
import { choice, instance, integer, option, real, required, signal } from '../config/option.ts'
import type { Must, Same } from '../config/same.ts'
import { device, trainSettings } from '../config/settings.ts'
import type { DataInput } from '../data/open.ts'
import { partOf } from '../data/select.ts'
import { Encoder } from '../encoder.ts'
import { l2Grid } from './l2.ts'
import { knnDefaults, linearDefaults } from './probes.ts'
import type { AnyEvaluateOptions } from './types.ts'

export type ProbeName = 'knn' | 'linear'

/** A penalty, some to choose among, or the paper's. */
const penalties = {
  schema: z.union([z.literal('auto'), z.number().min(0), z.array(z.number().min(0)).min(1).readonly()]),
  expected: "a number of at least 0, several of them to choose among or 'auto'",
  kind: 'number',
  words: ['auto'],
} as const

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
  output,
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
  l2: option(penalties, {
    about: `L2 penalty (linear): l2 · |W|², without a half, is added to the mean cross entropy; 'auto' or several: the one that does best on a held-out fifth of \`data\`, of ${l2Grid.length} from 1e-6 to 1e5 or of those given, and then learns from all of it.`,
    default: String(linearDefaults.l2),
    source: 'appendix B.8',
  }),
  maxIterations: option(integer(1), {
    about: 'Iterations of L-BFGS at most (linear).',
    default: String(linearDefaults.maxIterations),
  }),
  seed: option(integer(0), { about: 'Of the fifth that `l2` is chosen on (linear).', default: '0' }),
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
  limitPerClass: trainSettings.shape.limitPerClass,
  labelFraction: trainSettings.shape.labelFraction,
  limitSeed: trainSettings.shape.limitSeed,
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

// Not the same: npx tsx scripts/option-types.ts
type _Options = Must<Same<AnyEvaluateOptions, z.input<typeof evaluateOptions>>>

/** Options of the kNN probe, and of no other. */
export interface KnnEvaluation extends AnyEvaluateOptions {
  probe?: 'knn' | undefined
  data: DataInput
  l2?: undefined
  maxIterations?: undefined
  seed?: undefined
}

/** Options of the linear probe, and of no other. */
export interface LinearEvaluation extends AnyEvaluateOptions {
  probe: 'linear'
  data: DataInput
  k?: undefined
  temperature?: undefined
}

/** Options of the classifier that was trained with the encoder: it has learnt, and takes nothing to learn from. */
export interface ClassifierEvaluation extends AnyEvaluateOptions {
  probe: 'classifier'
  output?: undefined
  data?: undefined
  limit?: undefined
  limitPerClass?: undefined
  labelFraction?: undefined
  limitSeed?: undefined
  k?: undefined
  temperature?: undefined
  l2?: undefined
  maxIterations?: undefined
  seed?: undefined
}

/** Each probe has the options that it reads, and no others. */
export type EvaluateOptions = KnnEvaluation | LinearEvaluation | ClassifierEvaluation

/** Options of a probe that learns. */
export type Probing = AnyEvaluateOptions & { data: DataInput; probe?: ProbeName }

/** Which options nobody would read: whoever passes one should not believe that it has changed anything. */
export function checkUsed(options: AnyEvaluateOptions): void {
  const probe = options.probe ?? 'knn'
  const { data, k, temperature, l2, maxIterations, seed, imageSize, device, output } = options
  if (probe === 'classifier' && options.encoder === 'raw') {
    throw invalid(expected('an encoder with a classifier', 'encoder', 'raw', 'Pixels have none.'))
  }
  if (probe !== 'classifier' && data === undefined) {
    throw invalid(expected('labelled images', 'data', data, 'Probes learn from labelled images.'))
  }
  const ofKnn = { k, temperature }
  const ofLinear = { l2, maxIterations, seed }
  const others = {
    knn: ofLinear,
    linear: ofKnn,
    classifier: { data, output, ...partOf(options), ...ofKnn, ...ofLinear },
  }[probe]
  for (const [name, value] of Object.entries(others)) {
    if (value === undefined) continue
    const advice = `Leave it out, or choose the other probe.`
    throw invalid(expected(`no value, as the ${probe} probe has no such option,`, name, value, advice))
  }
  if (seed !== undefined && !choosesL2(l2)) {
    const advice = "It draws the fifth that `l2` is chosen on: give several, or 'auto'."
    throw invalid(expected('no value where `l2` is one number', 'seed', seed, advice))
  }
  if (options.encoder === 'raw' || options.encoder instanceof Encoder) {
    for (const [name, value] of Object.entries({ device, output })) {
      if (value === undefined) continue
      const advice = 'It is for an encoder that is loaded here: name its run or file, or leave this out.'
      throw invalid(expected('no value with raw pixels or an open Encoder', name, value, advice))
    }
  }
  if (options.encoder === 'raw' || imageSize === undefined) return
  const advice = "Leave it out: it is the size of 'raw' pixels."
  throw invalid(expected('no value, as an encoder knows its own size,', 'imageSize', imageSize, advice))
}

/** Is the penalty still to be chosen? */
export function choosesL2(l2: AnyEvaluateOptions['l2']): l2 is 'auto' | readonly number[] {
  return l2 === 'auto' || Array.isArray(l2)
}
