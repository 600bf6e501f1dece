/** What images, machine and other options decide of a configuration, where nobody has chosen. */
import { colorStrength, smallImage } from '../augment/index.ts'
import { fitBatch } from './batch.ts'
import { fitGraph } from './cuda-graph.ts'
import { fitDevice } from './device.ts'
import type { Draft } from './draft.ts'
import { scheduleSettings } from './resolved.ts'
import { lengthInEpochs, totalEpochs } from './schedule.ts'

/** Throws ERR_SIMCLR_INVALID_ARGUMENT or ERR_SIMCLR_DEVICE for what does not fit. */
export function fitToCircumstances(draft: Draft): void {
  fitBatch(draft) // before anything that counts in batches
  fitStem(draft)
  fitColors(draft)
  fitLength(draft)
  fitProbe(draft)
  fitThreads(draft)
  remarkOnChunks(draft)
  fitMomentum(draft)
  fitDevice(draft)
  fitGraph(draft)
}

function fitStem(draft: Draft): void {
  const { encoder, imageSize } = draft.config
  if ((encoder.stem as string) !== 'auto') return
  encoder.stem = imageSize <= smallImage ? 'cifar' : 'imagenet'
  draft.fitted('encoder.stem', `auto: ${imageSize} px images`)
}

function fitColors(draft: Draft): void {
  const { augment } = draft.config
  const [colors, shares] = [colorStrength(augment.strength), colorStrength(1)]
  for (const name of ['brightness', 'contrast', 'saturation', 'hue'] as const) {
    if (augment[name] !== undefined) continue
    augment[name] = colors[name]
    draft.fitted(`augment.${name}`, `${shares[name]} × augment.strength`)
  }
}

function fitLength(draft: Draft): void {
  const { config, options, facts } = draft
  const { schedule } = config
  const { images } = facts.data
  if (options.epochs === undefined && config.steps !== null) {
    config.epochs = totalEpochs(scheduleSettings(config, images))
    draft.fitted('epochs', 'as many as `steps` reach')
  }
  const length = lengthInEpochs(scheduleSettings(config, images))
  const isChosen = facts.previous !== undefined || options.schedule?.warmupEpochs !== undefined
  if (isChosen || schedule.warmupEpochs < length) return
  schedule.warmupEpochs = length / 10
  draft.fitted('schedule.warmupEpochs', 'a tenth of a short run')
}

function fitProbe(draft: Draft): void {
  const { config, options, facts } = draft
  if (facts.data.labelled || options.probe?.everyEpochs !== undefined) return
  config.probe.everyEpochs = 0
  draft.fitted('probe.everyEpochs', 'the images have no labels')
}

function fitThreads(draft: Draft): void {
  const { config, options, facts } = draft
  const { cores } = facts.machine
  if ((config.threads as number | 'auto') === 'auto') {
    config.threads = cores
    draft.fitted('threads', `auto: this machine has ${cores} cores`)
  }
  if (options.threads === undefined && config.threads > cores) {
    config.threads = cores
    draft.remark('threads', `this machine has ${cores} cores`)
  }
}

function remarkOnChunks(draft: Draft): void {
  const { config, options } = draft
  if (!options.chunkSize || options.chunkSize >= config.batchSize) return
  draft.remark('chunkSize', 'BatchNorm normalises each chunk by its own statistics')
}

/** Nesterov's look ahead is along a momentum. */
function fitMomentum(draft: Draft): void {
  const { config, options, facts } = draft
  const { optimizer } = config
  const isChosen = facts.previous !== undefined || options.optimizer?.nesterov !== undefined
  if (isChosen || !optimizer.nesterov || optimizer.momentum > 0) return
  optimizer.nesterov = false
  draft.fitted('optimizer.nesterov', '`optimizer.momentum` is 0')
}
