/** What `onProgress` throws, at once or later. */
import type { TrainOptions } from '../config/options.ts'

/**
 * The options with an `onProgress` that never throws: what it throws, or its promise rejects with, stops the run after
 * the step, with a checkpoint, as an abort for that reason does; it is told nothing more. `settled` rejects with it too,
 * where it comes too late to stop anything.
 */
export function listening(options: TrainOptions): { options: TrainOptions; settled: () => Promise<void> } {
  const { onProgress, signal } = options
  if (onProgress === undefined) return { options, settled: async () => {} }
  const failed = new AbortController()
  const answers = new Set<Promise<unknown>>()
  const listen: typeof onProgress = (event) => {
    if (failed.signal.aborted) return
    let answer: unknown
    try {
      answer = onProgress(event)
    } catch (reason) {
      failed.abort(reason)
    }
    if (!(answer instanceof Promise)) return
    const handled = answer.catch((reason) => failed.abort(reason)).finally(() => answers.delete(handled))
    answers.add(handled)
  }
  return {
    options: {
      ...options,
      onProgress: listen,
      signal: signal ? AbortSignal.any([signal, failed.signal]) : failed.signal,
    },
    settled: async () => {
      await Promise.all(answers)
      failed.signal.throwIfAborted()
    },
  }
}
