/** Data named by a string: `kind:path`, behind it `,name=value` where the kind has options; anything else is a path. */
import type { z } from 'zod'
import { expected, invalid, nearest, validate } from '../config/messages.ts'

export interface Spec {
  kind: string
  path: string
  options: Record<string, string>
}

/** How texts of a kind are written. */
export interface Grammar {
  /** For people: `idx:IMAGES[,LABELS]`. */
  usage: string
  /** It has options; else `,name=value` is a part of the path. */
  hasOptions?: boolean
  /** It may stand without a path. */
  standsAlone?: boolean
  /** What is behind the colon as it reads in any working folder; left out: it is one path. */
  absolute?: (path: string) => string
}

/** Null where the text is no `kind`, nor starts with `word:`. Throws ERR_SIMCLR_INVALID_ARGUMENT where that is no kind, or has no path. */
export function parseSpec(text: string, kinds: Readonly<Record<string, Grammar>>): Spec | null {
  const names = Object.keys(kinds)
  const match = /^([a-z][a-z0-9-]*):(.*)$/s.exec(text)
  if (!match && !names.includes(text)) return null
  const [kind, rest] = match ? [match[1]!, match[2]!] : [text, '']
  if (!names.includes(kind)) {
    const near = nearest(kind, names)
    const advice = near ? `Did you mean \`${near}:\`?` : `Kinds: ${names.join(', ')}.`
    const path = text.length > 80 ? './…' : `./${text}`
    throw invalid(
      expected("a path or 'kind:path'", 'data', text, `${advice} A path with a colon: \`${path}\`.`),
    )
  }
  const { usage, hasOptions, standsAlone } = kinds[kind]!
  const spec = hasOptions ? withOptions(kind, rest) : { kind, path: rest, options: {} }
  if (spec.path === '' && !standsAlone) {
    throw invalid(expected(usage, 'data', text, `A file or folder that is called so: \`./${text}\`.`))
  }
  return spec
}

function withOptions(kind: string, rest: string): Spec {
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
