/** The held-out images that a run is validated on. */
import { isNamed } from '../config/data-input.ts'
import type { TrainOptions } from '../config/options.ts'
import type { ResolvedConfig } from '../config/resolved.ts'
import { fingerprintOf } from '../data/fingerprint.ts'
import type { Images } from '../data/images.ts'
import { aboutShared, sharedImages } from '../data/shared.ts'
import { shareThreads } from '../data/threads.ts'
import { readLabelled } from '../evaluate/labelled.ts'
import type { TrainEvent } from './events.ts'

/**
 * Reads them, if there are any, and warns where they are also in `training`; their labels mean what `classNames` say.
 * Errors as `readLabelled` has them.
 */
export async function readHeldOut(
  { validation, signal }: TrainOptions,
  config: ResolvedConfig,
  { training, classNames }: { training: Images; classNames: readonly string[] | null },
  tell: (event: TrainEvent) => void,
): Promise<Images | null> {
  const { imageSize, maxSkipped, threads } = config
  const own = validation?.data
  const data = isNamed(own) ? config.validation.data : own
  if (data == null) return null
  const onProgress = (progress: { name: string; done: number; total: number }) =>
    tell({ type: 'data', ...progress })
  // Training's next batches may be decoded at the same time.
  const streamThreads = shareThreads(threads).computing
  const labels = { classNames: classNames ?? undefined }
  const reading = { imageSize, maxSkipped, threads, streamThreads, ...labels, signal, onProgress }
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

/** What says which encoder is the best, the same in a run that goes on; images without a name of their own are told by their looks. */
export async function askedBy(
  { validation: { metric, data } }: ResolvedConfig,
  held: Images | null,
  signal: AbortSignal | undefined,
): Promise<{ metric: string; data: string | null }> {
  if (data !== undefined || held === null) return { metric, data: data ?? null }
  return { metric, data: `${held.name}, ${await fingerprintOf(held, signal)}` }
}
