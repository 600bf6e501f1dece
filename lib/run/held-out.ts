/** The held-out images that a run is validated on. */
import { isNamed } from '../config/data-input.ts'
import type { TrainOptions } from '../config/options.ts'
import type { ResolvedConfig } from '../config/resolved.ts'
import { absoluteData } from '../data/absolute.ts'
import { fingerprint } from '../data/fingerprint.ts'
import type { Images } from '../data/images.ts'
import { aboutShared, sharedImages } from '../data/shared.ts'
import { readLabelled } from '../evaluate/labelled.ts'
import type { Judge } from './best.ts'
import type { TrainEvent } from './events.ts'

/**
 * Reads them, if there are any, and warns where they are also trained on; their labels mean what `names` say. Errors as
 * `readLabelled` has them.
 */
export async function readHeldOut(
  { validation, signal }: TrainOptions,
  config: ResolvedConfig,
  training: Images,
  names: readonly string[] | null,
  tell: (event: TrainEvent) => void,
): Promise<Images | null> {
  const { imageSize, maxSkipped, threads } = config
  const own = validation?.data
  const data = isNamed(own) ? config.validation.data : own
  if (data == null) return null
  const classNames = names ?? undefined
  const onProgress = (progress: { name: string; done: number; total: number }) =>
    tell({ type: 'data', ...progress })
  const reading = { imageSize, maxSkipped, threads, classNames, signal, onProgress }
  // One to ask for and one to learn from.
  const held = await readLabelled(data, 'validation.data', reading, 2)
  try {
    const message = aboutShared(await sharedImages(held, training, signal), held.name, 'trained on')
    if (message !== null) tell({ type: 'warning', message })
    return held
  } catch (error) {
    await held.dispose()
    throw error
  }
}

/**
 * What says which encoder is the best, the same in a run that goes on; images without a name of their own are told by their
 * looks. `before`: the configuration that it goes on with, whose paths are relative where an older version wrote it.
 */
export async function askedBy(
  { validation: { metric, data } }: ResolvedConfig,
  before: Partial<ResolvedConfig> | undefined,
  held: Images | null,
  signal: AbortSignal | undefined,
): Promise<Judge> {
  if (data === undefined && held !== null)
    return { by: [`${metric} on ${held.name}, ${await fingerprint(held, signal)}`] }
  const former = before?.validation?.data
  const names = former != null && absoluteData(former) === data ? [data, former] : [data ?? null]
  return { by: names.map((name) => `${metric} on ${name}`) }
}
