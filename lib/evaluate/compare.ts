/** What training was worth: the trained encoder beside raw pixels and beside the same encoder untrained. */
import { loadAddon } from '../addon/load.ts'
import { Encoder } from '../encoder.ts'
import { type Pair, probePair, readPair } from './evaluate.ts'

export interface ProbeAccuracies {
  knn: number
  linear: number
}

export interface Comparison {
  raw: ProbeAccuracies
  random: ProbeAccuracies
  trained: ProbeAccuracies
}

/** Both probes, learnt on `data` and tested on `test`, for the three kinds of features. `seed`: of the untrained one. */
export async function compare(
  encoder: Encoder,
  options: Parameters<typeof readPair>[0] & { seed: number },
): Promise<Comparison> {
  const pair = await readPair(options, encoder.preprocessing.imageSize)
  const random = await Encoder.random(encoder.spec, encoder.preprocessing, {
    seed: options.seed,
    device: encoder.device,
  })
  try {
    return {
      raw: await accuracies('raw', pair, encoder.preprocessing.imageSize),
      random: await accuracies(random, pair),
      trained: await accuracies(encoder, pair),
    }
  } finally {
    random.dispose()
    pair.data.dispose()
    pair.test.dispose()
  }
}

async function accuracies(
  encoder: Encoder | 'raw',
  pair: Pair,
  imageSize?: number,
): Promise<ProbeAccuracies> {
  const of = async (probe: 'knn' | 'linear') =>
    (await probePair(loadAddon(), encoder, pair, { probe, imageSize })).accuracy
  return { knn: await of('knn'), linear: await of('linear') }
}
