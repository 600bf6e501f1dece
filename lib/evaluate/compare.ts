/** What training was worth: the trained encoder beside raw pixels and beside the same encoder untrained. */
import { loadAddon } from '../addon/load.ts'
import { readImages } from '../data/images.ts'
import { partOf } from '../data/select.ts'
import { type SharedImages, sharedImages } from '../data/shared.ts'
import { Encoder } from '../encoder.ts'
import { disposePair, pairFeatures, probeAccuracy, readPair } from './evaluate.ts'
import { rawSize } from './features.ts'

export interface ProbeAccuracies {
  knn: number
  linear: number
}

export interface Comparison {
  raw: ProbeAccuracies
  random: ProbeAccuracies
  trained: ProbeAccuracies
  /** Images of `test` that are among those of `data`. */
  shared: SharedImages
}

/** Both probes, learnt on `data` and tested on `test`, for the three kinds of features. `seed`: of the untrained one. */
export async function compare(
  encoder: Encoder,
  options: Parameters<typeof readPair>[0] & { seed: number },
): Promise<Comparison> {
  const addon = loadAddon()
  const { spec, preprocessing, device } = encoder
  const imageSize = Math.min(preprocessing.imageSize, rawSize)
  const accuracies = async (of: Encoder | 'raw'): Promise<ProbeAccuracies> => {
    const features = await pairFeatures(addon, of, pair, { imageSize, signal: options.signal })
    return {
      knn: await probeAccuracy(addon, features, 'knn'),
      linear: await probeAccuracy(addon, features, 'linear'),
    }
  }
  using random = await Encoder.random(spec, preprocessing, { seed: options.seed, device })
  const pair = await readPair(options, preprocessing.imageSize)
  try {
    return {
      raw: await accuracies('raw'),
      random: await accuracies(random),
      trained: await accuracies(encoder),
      shared: await sharedImages(pair.test, pair.data, options.signal),
    }
  } finally {
    await disposePair(pair)
  }
}

/** How many images of `test` are among those of `data`, which need no labels. */
export async function sharedWith(
  { data, test, maxSkipped, signal, ...part }: Parameters<typeof readPair>[0],
  imageSize: number,
): Promise<SharedImages> {
  const reading = { imageSize, maxSkipped, signal }
  const learnt = await readImages(data, { ...reading, ...partOf(part) })
  try {
    const tested = await readImages(test, reading)
    try {
      return await sharedImages(tested, learnt, signal)
    } finally {
      await tested.dispose()
    }
  } finally {
    await learnt.dispose()
  }
}
