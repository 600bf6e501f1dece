/** What this machine reaches, stage by stage, in half a minute: `simclr bench`. */
import { loadAddon } from '../addon/load.ts'
import { lower, simclrFamily } from '../augment/index.ts'
import { learnerSpec } from '../config/learner-spec.ts'
import { validate } from '../config/messages.ts'
import { trainOptions } from '../config/options.ts'
import { resolve } from '../config/resolve.ts'
import type { ResolvedConfig } from '../config/resolved.ts'
import type { TrainSettings } from '../config/settings.ts'
import { decodedSide } from '../data/images.ts'
import { shareThreads } from '../data/threads.ts'
import { machineFacts } from '../machine-facts.ts'
import { decodeRate, photographs } from './decode.ts'
import { sceneStore } from './scenes.ts'

/** One stage's figure. */
export interface Stage {
  name: 'products fp32' | 'products bf16' | 'copies' | 'decode' | 'augment' | 'step'
  value: number
  unit: 'GFLOP/s' | 'GB/s' | 'images/s' | 'pairs/s'
  /** What was measured. */
  about: string
}

export interface BenchResult {
  stages: Stage[]
  /**
   * What sets the speed of training: the decoder, where images are streamed and the threads that decode then are slower
   * than a step on the others; making views, where it takes most of the step; else computing on them.
   */
  limit: { stored: 'augment' | 'step'; streamed: 'decode' | 'augment' | 'step' }
  /** Share of a step's time that making its views takes. */
  augmentShare: number
  config: ResolvedConfig
}

/** Images a measured step has at most: what a step reaches hardly depends on more, and large ones take long. */
const largestBatch = 64
/** Seconds for each of the longer stages. */
const budget = 6

/**
 * Measures with the options of `train()`; `onStage` is told each figure as it comes. Uses synthetic photographs.
 * Errors: ERR_SIMCLR_INVALID_ARGUMENT, ERR_SIMCLR_DEVICE.
 */
export async function bench(
  settings: TrainSettings,
  onStage: (stage: Stage) => void = () => {},
): Promise<BenchResult> {
  validate(trainOptions, settings)
  const addon = loadAddon()
  const stages: Stage[] = []
  const tell = (stage: Stage) => {
    stages.push(stage)
    onStage(stage)
  }
  const data = { images: 2 ** 20, imageSize: settings.imageSize ?? 32, labelled: false, isDefault: false }
  const { config } = resolve(settings, { data, machine: machineFacts(addon) })
  const { threads, imageSize } = config

  const limits = await addon.machineLimits(threads)
  const withThreads = `${threads} threads`
  tell({ name: 'products fp32', value: limits.gemmFp32 / 1e9, unit: 'GFLOP/s', about: withThreads })
  tell({ name: 'products bf16', value: limits.gemmBf16 / 1e9, unit: 'GFLOP/s', about: withThreads })
  tell({ name: 'copies', value: limits.copy / 1e9, unit: 'GB/s', about: `read and written, ${withThreads}` })

  const photos = await photographs()
  const decode = await decodeRate(photos, decodedSide(imageSize), threads, budget / 2)
  tell({ name: 'decode', value: decode, unit: 'images/s', about: `500 x 375 JPEG, ${withThreads}` })

  const { pairsPerSecond, augmentShare, batchSize } = await stepRate(config)
  const views = `${imageSize} px views of ${imageSize > 96 ? '500 x 375' : `${imageSize} x ${imageSize}`}`
  const augment = pairsPerSecond / augmentShare
  tell({ name: 'augment', value: augment, unit: 'pairs/s', about: `${views}, ${withThreads}` })
  const { arch, stem, width } = config.encoder
  const network = `${arch}${width === 1 ? '' : ` of width ${width}`}, ${stem} stem, ${config.precision}`
  const about = `${network}, batch ${batchSize}, views included, on ${config.device}`
  tell({ name: 'step', value: pairsPerSecond, unit: 'pairs/s', about })

  const limit = limitOf({ decode, step: pairsPerSecond, augmentShare }, config)
  return { stages, limit, augmentShare, config }
}

/** `decode`, `step`: images and pairs a second with all threads; of those a streamed run has fewer for each. */
export function limitOf(
  { decode, step, augmentShare }: { decode: number; step: number; augmentShare: number },
  { threads, device }: Pick<ResolvedConfig, 'threads' | 'device'>,
): BenchResult['limit'] {
  const { decoding, computing } = shareThreads(threads)
  const stored = augmentShare > 0.5 ? 'augment' : 'step'
  const stepBeside = device === 'cpu' ? (step * computing) / threads : step
  return { stored, streamed: (decode * decoding) / threads < stepBeside ? 'decode' : stored }
}

/** Whole steps as training takes them. */
async function stepRate(config: ResolvedConfig) {
  const addon = loadAddon()
  const { imageSize, seed } = config
  const batchSize = Math.min(config.batchSize, largestBatch)
  // Of the size that data of this view size usually have.
  const [width, height] = imageSize > 96 ? [500, 375] : [imageSize, imageSize]
  const store = await sceneStore({ images: batchSize, width: width!, height: height! })
  const learner = new addon.Learner(learnerSpec(config, 0))
  try {
    const augmenter = new addon.Augmenter(lower(simclrFamily(config.augment), imageSize))
    const indices = Uint32Array.from({ length: batchSize }, (_, i) => i)
    let seconds = 0
    let augmentSeconds = 0
    let steps = 0
    for (let epoch = 0; steps < 2 || seconds < 2 * budget; epoch++) {
      const epochs = new Uint32Array(batchSize).fill(epoch)
      const batch = augmenter.batch(store, { indices, epochs, seed, views: config.views, labels: null })
      const step = await learner.step(batch, 0)
      if (epoch === 0) continue // the first one sets things up
      seconds += step.stepSeconds
      augmentSeconds += step.augmentSeconds
      steps += 1
      if (step.stepSeconds > budget) break
    }
    return {
      pairsPerSecond: (steps * batchSize) / seconds,
      augmentShare: augmentSeconds / seconds,
      batchSize,
    }
  } finally {
    learner.dispose()
    store.dispose()
  }
}
