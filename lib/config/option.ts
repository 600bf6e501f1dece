/**
 * What an option is made of: a zod schema, and beside it what people read about it. Validation, messages,
 * command-line flags and documentation all come from here.
 */
import { z } from 'zod'

export interface OptionText {
  /** What it does, one sentence. */
  about: string
  /** The default in words; what a preset, the data or another option decides is said so. Null: required. */
  default: string | null
  unit?: string
  /** Paper section or source of the constant. */
  source?: string
  /** Command-line flag, where it is not the name in kebab-case; null: not on the command line. */
  flag?: string | null
  /** A run that goes on may have another value: how long, where and how it is watched. All else would be another run. */
  mayChange?: boolean
  /** Each rank may have its own value: where it computes and how it is fed. */
  perRank?: boolean
}

/** What a value is, as it is typed after a flag; a `word` is one of `words` and nothing else, a `value` none of the others. */
export type Kind = 'switch' | 'word' | 'number' | 'numbers' | 'pair' | 'triple' | 'list' | 'path' | 'value'

/** What an option accepts, in words for people and as data. */
export interface Accepted {
  /** Completes "Expected … for `name`". */
  expected: string
  kind: Kind
  /** The words among its values. */
  words?: readonly string[]
  /** The largest value, where `expected` does not tell. */
  largest?: number
}

export interface OptionDoc extends OptionText, Accepted {}

/** A schema with what it accepts. */
export interface Expectation<T extends z.ZodType> extends Accepted {
  schema: T
}

/** Documentation of every option, by its schema. */
export const optionDocs = z.registry<OptionDoc>()

/** An optional member of an options object. */
export function option<T extends z.ZodType>({ schema, ...accepted }: Expectation<T>, text: OptionText) {
  const member = schema.optional()
  optionDocs.add(member, { ...text, ...accepted })
  return member
}

/** A member of an options object that must be there. */
export function required<T extends z.ZodType>(
  { schema, ...accepted }: Expectation<T>,
  text: Omit<OptionText, 'default'>,
) {
  const member = schema.clone() as T // options of one schema have texts of their own
  optionDocs.add(member, { ...text, ...accepted, default: null })
  return member
}

/** A nested object of options; itself optional. Unknown names are refused. */
export function group<T extends z.ZodRawShape>(name: string, shape: T) {
  return z
    .strictObject(shape)
    .optional()
    .register(optionDocs, {
      expected: `an object of ${name} options`,
      kind: 'value',
      about: `Options of the ${name}.`,
      default: 'from the preset',
      flag: null,
    })
}

/** One number. */
export function numeric<T extends z.ZodType>(schema: T, expected: string): Expectation<T> {
  return { schema, expected, kind: 'number' }
}

export function integer(min: number, max = Number.MAX_SAFE_INTEGER) {
  const schema = z.number().int().min(min).max(max)
  if (max < Number.MAX_SAFE_INTEGER) return numeric(schema, `an integer from ${min} to ${max}`)
  return { ...numeric(schema, `an integer of at least ${min}`), largest: max }
}

export function real(min: number, max = Number.MAX_VALUE) {
  const upTo = max === Number.MAX_VALUE ? ` of at least ${min}` : ` from ${min} to ${max}`
  return numeric(z.number().min(min).max(max), `a number${upTo}`)
}

/** A share that must leave something. */
export function belowOne() {
  return numeric(z.number().min(0).lt(1), 'a number from 0 to below 1')
}

/** A share that must be something. */
export function share() {
  return numeric(z.number().positive().max(1), 'a number above 0 and up to 1')
}

export function positive() {
  return numeric(z.number().positive().finite(), 'a number above 0')
}

export function yesNo() {
  return { schema: z.boolean(), expected: 'true or false', kind: 'switch' as const }
}

export function choice<const T extends readonly string[]>(values: T) {
  const quoted = values.map((value) => `'${value}'`)
  const last = quoted.pop()
  return {
    schema: z.enum(values),
    expected: quoted.length === 0 ? `${last}` : `${quoted.join(', ')} or ${last}`,
    kind: 'word' as const,
    words: values,
  }
}

/** Mostly a path, or a name of other kinds that stands for one. */
export function text(expected: string, kind: Kind = 'path') {
  return { schema: z.string().min(1), expected, kind }
}

/** A pair low ≤ high within [min, max]. */
export function range(min: number, max: number) {
  const schema = z
    .tuple([z.number().min(min).max(max), z.number().min(min).max(max)])
    .refine(([low, high]) => low <= high)
  return { schema, expected: `a pair [low, high] within ${min} and ${max}`, kind: 'pair' as const }
}

export function triple(min: number) {
  const schema = z.tuple([z.number().min(min), z.number().min(min), z.number().min(min)])
  return { schema, expected: `three numbers of at least ${min}, one a channel`, kind: 'triple' as const }
}

/** Sizes for the shares of a run: `until` ascending. */
export function phases() {
  const phase = z.strictObject({
    until: z.number().positive().max(1),
    size: z.number().int().min(8).max(1024),
  })
  const schema = z
    .array(phase)
    .min(1)
    .refine((list) => list.every(({ until }, i) => i === 0 || until > list[i - 1]!.until))
    .readonly()
  const expected = 'a list of { until, size }, `until` ascending up to 1, `size` at least 8'
  return { schema, expected, kind: 'list' as const }
}

/** Numbers above 0, each above the one before. */
export function ascending() {
  const schema = z
    .array(z.number().positive().finite())
    .min(1)
    .refine((list) => list.every((value, i) => i === 0 || value > list[i - 1]!))
    .readonly()
  return { schema, expected: 'ascending numbers above 0', kind: 'numbers' as const }
}

/** A fixed word, or what `other` accepts. */
export function wordOr<const W extends string, T extends z.ZodType>(word: W, other: Expectation<T>) {
  return {
    ...other,
    schema: z.union([z.literal(word), other.schema]),
    expected: `'${word}' or ${other.expected}`,
    words: [word, ...(other.words ?? [])],
  }
}

export function nullOr<T extends z.ZodType>(other: Expectation<T>) {
  return { ...other, schema: z.union([z.null(), other.schema]), expected: `null or ${other.expected}` }
}

/** An option that an AbortSignal is given as; never on the command line. */
export function signal(about: string) {
  return option(
    instance<AbortSignal>('an AbortSignal', (value) => value instanceof AbortSignal),
    { about, default: 'none', flag: null },
  )
}

export function instance<T>(expected: string, test: (value: unknown) => boolean, kind: Kind = 'value') {
  return { schema: z.custom<T>(test), expected, kind }
}
