/** One arm with one seed: trains it, and probes what it learnt on held-out images. */
import { basename } from 'node:path'
import { loadAddon } from '../../lib/addon/load.ts'
import { type PairFeatures, pairFeatures, probeAccuracy, readPair } from '../../lib/evaluate/evaluate.ts'
import { Encoder, type TrainOptions } from '../../lib/index.ts'
import { withTrained } from '../trained.ts'
import { type Arm, base } from './arms.ts'

/** What a study is run with. */
export interface Setting {
  /** Labelled images to train on, and others to test on. */
  data: string
  test: string
  epochs: number
  threads: number
}

export interface Accuracies {
  knn: number
  linear: number
}

/** A line of the results. */
export interface Result {
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
  seconds: number
}

export function keyOf(arm: Arm, seed: number, { epochs, data }: Setting): string {
  return JSON.stringify([arm.change, seed, epochsOf(arm, epochs), nameOf(data)])
}

/** Of a data set, wherever it lies. */
export function nameOf(data: string): string {
  return basename(data, '.pack')
}

function epochsOf({ passes = 1 }: Arm, epochs: number): number {
  return Math.max(1, Math.round(passes * epochs))
}

export async function measure(arm: Arm, seed: number, setting: Setting): Promise<Result> {
  const { data, test, threads } = setting
  const epochs = epochsOf(arm, setting.epochs)
  const options = { base, change: arm.change, own: { data, epochs, threads, seed } }
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
        ...{ loss, contrastiveAccuracy, h: await probes(h), z: await probes(z), seconds },
      }
    } finally {
      await pair.data.dispose()
      await pair.test.dispose()
    }
  })
}

/** Raw pixels and the base's encoder before training: what there is to beat. */
export async function baselines({ data, test }: Setting): Promise<{ raw: Accuracies; random: Accuracies }> {
  const pair = await readPair({ data, test }, 32)
  const preprocessing = { convention: 'torch', imageSize: 32, normalize: null } as const
  using random = await Encoder.random({ ...base.encoder, convention: 'torch', skRatio: 0 }, preprocessing)
  try {
    const of = async (features: Encoder | 'raw') =>
      probes(await pairFeatures(loadAddon(), features, pair, { imageSize: 32 }))
    return { raw: await of('raw'), random: await of(random) }
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
