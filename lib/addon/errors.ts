/** Every code a SimclrError can carry; the native core throws the same names. */
export type SimclrErrorCode =
  | 'ERR_SIMCLR_INVALID_ARGUMENT'
  | 'ERR_SIMCLR_NATIVE'
  | 'ERR_SIMCLR_OUT_OF_MEMORY'
  | 'ERR_SIMCLR_DISPOSED'
  | 'ERR_SIMCLR_BUSY'
  | 'ERR_SIMCLR_ABORTED'
  | 'ERR_SIMCLR_LIBTORCH'
  | 'ERR_SIMCLR_DEVICE'
  | 'ERR_SIMCLR_DATA'
  | 'ERR_SIMCLR_CORRUPT_FILE'
  | 'ERR_SIMCLR_IO'
  | 'ERR_SIMCLR_STATE'

/** The one error this package throws on purpose. `message` says what was expected, what came and what to do. */
export class SimclrError extends Error {
  readonly code: SimclrErrorCode

  constructor(code: SimclrErrorCode, message: string, options?: { cause?: unknown }) {
    super(message, options)
    this.name = 'SimclrError'
    this.code = code
  }
}
