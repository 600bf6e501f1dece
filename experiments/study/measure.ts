/** One arm with one seed: trains it, and probes what it learnt on held-out images. */
import { basename } from 'node:path'
import { loadAddon } from '../../lib/addon/load.ts'
import { type PairFeatures, pairFeatures, probeAccuracy, readPair } from '../../lib/evaluate/evaluate.ts'
import { Encoder, type Precision, type TrainOptions } from '../../lib/index.ts'
import { type Provenance, provenance } from '../provenance.ts'
import { withTrained } from '../trained.ts'
import { type Arm, base, baseFor, epochsOf } from './arms.ts'

/** What a study is run with. */
export interface Setting {
  /** Labelled images to train on, and others to test on. */
  data: string
  test: string
  /** How many `data` has. */
  images: number
  /** Of the base. */
  epochs: number
  threads: number
  precision: Precision
}

export interface Accuracies {
  knn: number
  linear: number
}

/** A line of the results; the oldest, of November 2026, have neither precision nor provenance. */
export interface Result extends Partial<Provenance> {
  /** The change to the base, seed and epochs: the same training is not done twice. */
  key: string
  change: TrainOptions
  seed: number
  data: string
  images: number
  testImages: number
  epochs: number
  /** Of the last epoch of training. */
  loss: number
  contrastiveAccuracy: number
  /** On the encoder's output h and on the head's output z. */
  h: Accuracies
  z: Accuracies
  /** Of training alone, on a machine that may have been busy. */
  seconds: number
  precision?: Precision
}

/** The line of a data set before any training. */
export interface Baselines extends Partial<Provenance> {
  data: string
  raw: Accuracies
  random: Accuracies
}

export function keyOf(arm: Arm, seed: number, { epochs, images, data }: Setting): string {
  return JSON.stringify([arm.change, seed, epochsOf(arm, epochs, images), nameOf(data)])
}

/** Of a data set, wherever it lies. */
export function nameOf(data: string): string {
  return basename(data, '.pack')
}

export async function measure(arm: Arm, seed: number, setting: Setting): Promise<Result> {
  const { data, test, images, threads, precision } = setting
  const epochs = epochsOf(arm, setting.epochs, images)
  const own = { data, epochs, threads, precision, seed }
  const options = { base: baseFor(data), change: arm.change, own }
  return await withTrained(options, async ({ encoder, history, seconds }, folder) => {
    const { loss } = history.at(-1)!
    const contrastiveAccuracy = history.at(-1)!.contrastiveAccuracy!
    const pair = await readPair({ data, test }, encoder.preprocessing.imageSize)
    try {
      const h = await pairFeatures(loadAddon(), encoder, pair)
      using through = await Encoder.load(folder, { output: 'projection', threads })
      const z = await pairFeatures(loadAddon(), through, pair)
      return {
        ...{ key: keyOf(arm, seed, setting), change: arm.change, seed, data: nameOf(data) },
        ...{ images: h.learnt.labels.length, testImages: h.tested.labels.length, epochs },
        ...{ loss, contrastiveAccuracy, h: await probes(h), z: await probes(z), seconds, precision },
        ...provenance(),
      }
    } finally {
      await pair.data.dispose()
      await pair.test.dispose()
    }
  })
}

/** Raw pixels and the base's encoder before training: what there is to beat. */
export async function baselines({ data, test }: Setting): Promise<Baselines> {
  const pair = await readPair({ data, test }, 32)
  const preprocessing = { convention: 'torch', imageSize: 32, normalize: null } as const
  using random = await Encoder.random({ ...base.encoder, convention: 'torch', skRatio: 0 }, preprocessing)
  try {
    const of = async (features: Encoder | 'raw') =>
      probes(await pairFeatures(loadAddon(), features, pair, { imageSize: 32 }))
    return { data: nameOf(data), raw: await of('raw'), random: await of(random), ...provenance() }
  } finally {
    await pair.data.dispose()
    await pair.test.dispose()
  }
}

async function probes(features: PairFeatures): Promise<Accuracies> {
  const addon = loadAddon()
  return {
    knn: await probeAccuracy(addon, features, 'knn'),
    linear: await probeAccuracy(addon, features, 'linear'),
  }
}
