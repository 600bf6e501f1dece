/** What `simclr doctor` reports: each thing that simclr needs, with its state and what mends it. */
export interface Finding {
  name: string
  /** `note`: worth knowing, nothing is wrong. */
  state: 'ok' | 'note' | 'problem'
  detail: string
  /** The command, or the deed, that mends a problem. */
  mend: string | null
}

/** What mends a LibTorch that SIMCLR_LIBTORCH names and that cannot be used. */
export const nameAnother = 'unset SIMCLR_LIBTORCH, or name another folder'

export function ok(name: string, detail: string): Finding {
  return { name, state: 'ok', detail, mend: null }
}

export function note(name: string, detail: string): Finding {
  return { name, state: 'note', detail, mend: null }
}

export function problem(name: string, detail: string, mend: string): Finding {
  return { name, state: 'problem', detail, mend }
}

/** Of an error with advice in it: the first line is what is wrong, the rest what mends it. */
export function problemOf(name: string, message: string, mend: string): Finding {
  const [first = '', ...rest] = message.split('\n')
  return problem(name, first, rest.length > 0 ? rest.join('\n').trim() : mend)
}
