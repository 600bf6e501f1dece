/** Data named by a string: `kind:path`, options behind it as `,name=value`; anything else is a path. */
import type { z } from 'zod'
import { expected, invalid, nearest, validate } from '../config/messages.ts'

export interface Spec {
  kind: string
  path: string
  options: Record<string, string>
}

/** Null where the text starts with no `word:`. Throws ERR_SIMCLR_INVALID_ARGUMENT for a word that is no kind. */
export function parseSpec(text: string, kinds: readonly string[]): Spec | null {
  const match = /^([a-z][a-z0-9-]*):(.*)$/s.exec(text)
  if (!match && !kinds.includes(text)) return null
  const [kind, rest] = match ? [match[1]!, match[2]!] : [text, '']
  if (!kinds.includes(kind)) {
    const near = nearest(kind, kinds)
    const advice = near ? `Did you mean \`${near}:\`?` : `Kinds: ${kinds.join(', ')}.`
    throw invalid(
      expected("a path or 'kind:path'", 'data', text, `${advice} A path with a colon: \`./${text}\`.`),
    )
  }
  // Only a comma before `name=` starts an option: paths have commas too.
  const [path = '', ...pairs] = rest.split(/,(?=[a-zA-Z]+=)/)
  const options: Record<string, string> = {}
  for (const pair of pairs) {
    const at = pair.indexOf('=')
    options[pair.slice(0, at)] = pair.slice(at + 1)
  }
  return { kind, path, options }
}

/** The options of a spec, checked; what looks like a number is one. */
export function specOptions<T extends z.ZodObject>(spec: Spec, schema: T): z.output<T> {
  const isNumber = /^-?\d+(\.\d+)?$/
  return validate(
    schema,
    Object.fromEntries(
      Object.entries(spec.options).map(([key, value]) => [key, isNumber.test(value) ? Number(value) : value]),
    ),
  )
}
