/** A batch that the images allow. */
import type { Draft } from './draft.ts'
import { expected, invalid } from './messages.ts'

/** A batch never exceeds the images; one nobody chose is lowered, for labelled images so far that an epoch has steps enough. */
export function fitBatch(draft: Draft): void {
  const { config, options, facts } = draft
  const { images } = facts.data
  if (images < 2) {
    throw invalid(`Expected at least 2 images to train on but received ${images}. Add images to the data.`)
  }
  const isChosen = options.batchSize !== undefined || facts.previous !== undefined
  if (!isChosen && config.objective === 'supervised' && labelledBatch(images) < config.batchSize) {
    config.batchSize = labelledBatch(images)
    draft.fitted('batchSize', `${images} labelled images: so small for an epoch to have steps enough`)
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
  draft.fitted('batchSize', `only ${images} images`)
}

/** The power of two up to a sixteenth of the images, at least 16: NT-Xent wants many images a step, a few labels many steps. */
function labelledBatch(images: number): number {
  return Math.min(images, Math.max(16, 2 ** Math.floor(Math.log2(images / 16))))
}
