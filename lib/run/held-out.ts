/** The held-out images that a run is validated on. */
import type { TrainOptions } from '../config/options.ts'
import type { ResolvedConfig } from '../config/resolved.ts'
import type { Images } from '../data/images.ts'
import { aboutShared, sharedImages } from '../data/shared.ts'
import { readLabelled } from '../evaluate/labelled.ts'
import type { TrainEvent } from './events.ts'

/**
 * Reads them, if there are any, and warns where they are also trained on; their labels mean what `names` say. Errors as
 * `readLabelled` has them.
 */
export async function readHeldOut(
  { signal }: TrainOptions,
  config: ResolvedConfig,
  training: Images,
  names: readonly string[] | null,
  tell: (event: TrainEvent) => void,
): Promise<Images | null> {
  const { imageSize, maxSkipped, threads, validation } = config
  if (validation.data === null) return null
  const classNames = names ?? undefined
  const onProgress = (progress: { name: string; done: number; total: number }) =>
    tell({ type: 'data', ...progress })
  const reading = { imageSize, maxSkipped, threads, classNames, signal, onProgress }
  // One to ask for and one to learn from.
  const held = await readLabelled(validation.data, 'validation.data', reading, 2)
  try {
    const message = aboutShared(await sharedImages(held, training, signal), held.name, 'trained on')
    if (message !== null) tell({ type: 'warning', message })
    return held
  } catch (error) {
    await held.dispose()
    throw error
  }
}
