/**
 * The one error class, and every code it can carry.
 *
 * A message says what was expected, what came and what to do: "Expected a positive integer for `epochs` but
 * received -1." Codes are stable: programs may branch on them, messages are for people.
 */

/** Every code a {@link SimclrError} can carry; the only place they are listed. */
export type SimclrErrorCode =
  /** An option, argument or configuration is not what was expected. */
  | 'ERR_SIMCLR_INVALID_ARGUMENT'
  /** The command line is wrong (exit code 2). */
  | 'ERR_SIMCLR_USAGE'
  /** Data cannot be found, read or decoded. */
  | 'ERR_SIMCLR_DATA'
  /** A file is truncated, damaged or not of the format it should be. */
  | 'ERR_SIMCLR_CORRUPT_FILE'
  /** A file or folder cannot be read or written. */
  | 'ERR_SIMCLR_IO'
  /** Weights do not fit the encoder or learner that is to take them: missing, unexpected, misshapen tensors. */
  | 'ERR_SIMCLR_INCOMPATIBLE_WEIGHTS'
  /** A checkpoint is foreign, of another format, or of another run than the one that wants it. */
  | 'ERR_SIMCLR_CHECKPOINT'
  /** The operation is not possible in the object's present state. */
  | 'ERR_SIMCLR_STATE'
  /** Loss, gradients or weights are no longer finite. */
  | 'ERR_SIMCLR_DIVERGED'
  /** The object has been disposed. */
  | 'ERR_SIMCLR_DISPOSED'
  /** A run is under way in this process already. */
  | 'ERR_SIMCLR_BUSY'
  /** Another process of the run is missing, has failed, does not answer or runs with other options or data. */
  | 'ERR_SIMCLR_RANK'
  /** Stopped through an AbortSignal that gave no reason of its own, or by SIGTERM to a training process or rank. */
  | 'ERR_SIMCLR_ABORTED'
  /** Memory ran out, of the process or of the device. */
  | 'ERR_SIMCLR_OUT_OF_MEMORY'
  /** The device asked for is not there or cannot be used. */
  | 'ERR_SIMCLR_DEVICE'
  /** No native binary for this platform, or it cannot be loaded. */
  | 'ERR_SIMCLR_BINARY'
  /** No usable LibTorch, or one of another version than the binary was built for. */
  | 'ERR_SIMCLR_LIBTORCH'
  /** A download failed: unreachable, cut off, or not the file it should be (wrong hash, wrong kind). */
  | 'ERR_SIMCLR_DOWNLOAD'
  /** A tool the build needs is missing or too old. */
  | 'ERR_SIMCLR_TOOL'
  /** A process that trains could not be started, or died. */
  | 'ERR_SIMCLR_PROCESS'
  /** LibTorch or the addon failed in a way nothing else describes. */
  | 'ERR_SIMCLR_NATIVE'

/** An input that was refused: its place among the inputs, and why, for people. */
export interface UnusableInput {
  index: number
  reason: string
}

export interface SimclrErrorOptions {
  cause?: unknown
  checkpoint?: string | null
  unusable?: readonly UnusableInput[] | null
}

/** Thrown and rejected with by everything public. `cause` holds what it was made of, where there is something. */
export class SimclrError extends Error {
  readonly code: SimclrErrorCode
  /** Of a run that diverged, or whose process died (`isolate`): its newest whole checkpoint, which `resume` takes. Null elsewhere. */
  readonly checkpoint: string | null
  /** From `Encoder.embed`: its images that cannot be decoded, or are no images; the others can be asked for again. Null elsewhere. */
  readonly unusable: readonly UnusableInput[] | null

  constructor(code: SimclrErrorCode, message: string, options: SimclrErrorOptions = {}) {
    super(message, 'cause' in options ? { cause: options.cause } : {})
    this.name = 'SimclrError'
    this.code = code
    this.checkpoint = options.checkpoint ?? null
    this.unusable = options.unusable ?? null
  }
}
