/** A batch that the images allow. */
import { expected, invalid } from './messages.ts'
import type { ResolvedConfig } from './resolved.ts'
import type { TrainSettings } from './settings.ts'

/** A batch never exceeds the images; one nobody chose is lowered, for labelled images so far that an epoch has steps enough. */
export function fitBatch(
  config: ResolvedConfig,
  options: TrainSettings,
  images: number,
  isResumed: boolean,
  set: (name: string, reason: string) => void,
): void {
  if (images < 2) {
    throw invalid(`Expected at least 2 images to train on but received ${images}. Add images to the data.`)
  }
  const isChosen = options.batchSize !== undefined || isResumed
  if (!isChosen && config.objective === 'supervised' && labelledBatch(images) < config.batchSize) {
    config.batchSize = labelledBatch(images)
    set('batchSize', `${images} labelled images: so small for an epoch to have steps enough`)
  }
  if (config.batchSize <= images) return
  if (options.limit !== undefined && options.limit < config.batchSize) {
    const advice = `Lower \`batchSize\` to ${options.limit} or less, or raise \`limit\`.`
    throw invalid(expected(`at least the batch size (${config.batchSize})`, 'limit', options.limit, advice))
  }
  if (options.batchSize !== undefined) {
    const advice = `Lower it to ${images} or less, or add images.`
    throw invalid(expected(`at most the ${images} images there are`, 'batchSize', config.batchSize, advice))
  }
  config.batchSize = images
  set('batchSize', `only ${images} images`)
}

/** The power of two up to a sixteenth of the images, at least 16: NT-Xent wants many images a step, a few labels many steps. */
function labelledBatch(images: number): number {
  return Math.min(images, Math.max(16, 2 ** Math.floor(Math.log2(images / 16))))
}
