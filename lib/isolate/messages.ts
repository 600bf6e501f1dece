/** What the two processes of an isolated run tell each other. Everything is structured-cloneable. */
import { SimclrError, type SimclrErrorCode, type UnusableInput } from '../addon/errors.ts'
import type { TrainOptions } from '../config/options.ts'
import type { ImageInput, Skipped } from '../data/types.ts'
import type { TrainEvent } from '../run/events.ts'
import type { Trained } from '../run/result.ts'

/** Options that can be sent; `data` and `validation.data` only where they are named. */
export type SentOptions = Omit<TrainOptions, 'isolate' | 'signal' | 'onProgress'>

/** An image source of the app, as the training process knows it: images are asked for one by one. */
export interface SourceFacts {
  name: string
  count: number
  labels: Int32Array | null
  classNames: readonly string[] | null
  imageSize: number | null
  ignored: readonly Skipped[]
  /** Each image's name; null where the source gives none. */
  names: string[] | null
  /** Images come in any order, or only from front to back. */
  access: 'read' | 'stream'
}

export type SourceRequest =
  | { type: 'read'; index: number }
  /** The next image of a pass from front to back; `first`: a new pass. Null: its end. */
  | { type: 'next'; first: boolean }

/** Options that images can be the app's own of. */
export type SourceName = 'data' | 'validation'

/** What there is of each of them that is the app's own. */
export type BySource<T> = Partial<Record<SourceName, T>>

export type ToChild =
  | { type: 'train'; options: SentOptions; sources: BySource<SourceFacts> }
  | { type: 'abort' }
  | { type: 'reply'; id: number; image: ImageInput | null }
  | { type: 'refusal'; id: number; error: SentError }

export type ToParent =
  | { type: 'event'; event: TrainEvent }
  | { type: 'request'; id: number; source: SourceName; request: SourceRequest }
  | { type: 'trained'; trained: Trained }
  | { type: 'aborted' }
  | { type: 'failed'; error: SentError }

/** An error on its way: structured clones of errors lose what is not an Error's own. */
export interface SentError {
  /** Null for an error that is not ours. */
  code: SimclrErrorCode | null
  name: string
  message: string
  stack: string | undefined
  checkpoint: string | null
  unusable: readonly UnusableInput[] | null
  /** An error, or what else was thrown, as text; null for none. */
  cause: SentError | string | null
}

/** Of a training process that was asked to end by somebody else than who started it. */
export function endedFromOutside(): SimclrError {
  return new SimclrError(
    'ERR_SIMCLR_ABORTED',
    'The training process was asked to end (SIGTERM) and stopped. Train again with the same `out` to go on.',
  )
}

export function sendError(error: unknown): SentError {
  if (!(error instanceof Error)) error = new Error(String(error))
  const { name, message, stack, cause } = error as Error
  const own = error instanceof SimclrError ? error : null
  return {
    ...{ code: own?.code ?? null, name, message, stack },
    ...{ checkpoint: own?.checkpoint ?? null, unusable: own?.unusable ?? null },
    cause:
      cause === undefined || cause === null
        ? null
        : cause instanceof Error
          ? sendError(cause)
          : String(cause),
  }
}

/** The error as it was thrown, with the stack it had there. */
export function receiveError({ code, name, message, stack, checkpoint, unusable, cause }: SentError): Error {
  const options = cause === null ? {} : { cause: typeof cause === 'string' ? cause : receiveError(cause) }
  const error =
    code === null
      ? new Error(message, options)
      : new SimclrError(code, message, { ...options, checkpoint, unusable })
  error.name = name
  if (stack !== undefined) error.stack = stack
  return error
}
