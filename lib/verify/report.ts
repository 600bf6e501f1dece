/** What `verify` finds out: one line a quantity. */

export interface Quantity {
  /** Golden file, by name. */
  file: string
  /** What was compared, with the precision it was computed in where both are. */
  quantity: string
  /** Distance from the golden value; null where nothing could be computed. */
  error: number | null
  tolerance: number
  pass: boolean
  /** Why nothing could be computed. */
  message?: string
  /** Why the tolerance is not the file's. */
  note?: string
}

/** Collects one file's quantities. */
export class Report {
  readonly file: string
  readonly quantities: Quantity[] = []
  readonly #listener: ((quantity: Quantity) => void) | undefined

  constructor(file: string, listener?: (quantity: Quantity) => void) {
    this.file = file
    this.#listener = listener
  }

  /** Passes if error ≤ tolerance; NaN never does. */
  add(quantity: string, error: number, tolerance: number, note?: string): void {
    this.#push({
      file: this.file,
      quantity,
      error: Number.isFinite(error) ? error : null,
      tolerance,
      pass: error <= tolerance,
      ...(Number.isFinite(error) ? {} : { message: 'not finite' }),
      ...(note === undefined ? {} : { note }),
    })
  }

  /** A quantity that could not be computed. */
  fail(quantity: string, message: string): void {
    this.#push({ file: this.file, quantity, error: null, tolerance: 0, pass: false, message })
  }

  #push(quantity: Quantity): void {
    this.quantities.push(quantity)
    this.#listener?.(quantity)
  }
}
