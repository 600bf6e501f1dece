/**
 * What decided an option's value; 'circumstances': images, machine or other options, to which it was fitted; 'resumed': the
 * run being resumed, whose own reason is not known.
 */
export type Decider =
  | 'default'
  | 'preset'
  | 'objective'
  | 'convention'
  | 'optimizer'
  | 'init'
  | 'teacher'
  | 'circumstances'
  | 'resumed'
  | 'option'

/** Why an option has the value that it has. */
export interface Reason {
  /** What decided it. */
  by: Decider
  /** For people, e.g. `preset cifar (default for this data)`. */
  text: string
  /** What else is to be said of the value. */
  note?: string
}

/** Has its user chosen it, as far as is known? All else follows anew in a run again. A value without a reason was given. */
export function isChosen(reason: Reason | undefined): boolean {
  const by = reason?.by ?? 'option'
  return by === 'option' || by === 'resumed'
}

/** The whole of it, on one line. */
export function sayReason({ text, note }: Reason): string {
  return note === undefined ? text : `${text}; ${note}`
}

/** Of a value that a run has from the one it goes on: the `first` reason there, with what is to be said of it now. */
export function reasonBefore(reason: Reason, first: Reason | undefined): Reason {
  if (reason.by !== 'resumed' || first === undefined) return reason
  return reason.note === undefined ? first : { ...first, note: reason.note }
}
