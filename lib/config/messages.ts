/** From zod's issues to sentences: "Expected an integer of at least 1 for `epochs` but received -1. …" */
import { inspect } from 'node:util'
import { closest, distance } from 'fastest-levenshtein'
import type { z } from 'zod'
import { SimclrError } from '../addon/errors.ts'
import { type OptionDoc, optionDocs } from './option.ts'

/** An option, its dotted name and its documentation. */
export interface OptionEntry {
  name: string
  schema: z.ZodType
  doc: OptionDoc
}

/** Every leaf option of a schema, in the order of the file that defines it. */
export function listOptions(schema: z.ZodObject, prefix = ''): OptionEntry[] {
  return Object.entries(schema.shape).flatMap(([key, member]) => {
    const name = prefix + key
    const inner = objectInside(member)
    if (inner) return listOptions(inner, `${name}.`)
    const doc = optionDocs.get(member)
    return doc ? [{ name, schema: member, doc }] : []
  })
}

/** Checks `value`, or throws ERR_SIMCLR_INVALID_ARGUMENT with one sentence for each thing that is wrong. */
export function validate<T extends z.ZodObject>(schema: T, value: unknown): z.output<T> {
  const result = schema.safeParse(value)
  if (result.success) return result.data
  const sentences = result.error.issues.flatMap((issue) => describe(schema, value, issue))
  throw invalid([...new Set(sentences)].join('\n'))
}

/** The error every refused argument becomes. */
export function invalid(message: string): SimclrError {
  return new SimclrError('ERR_SIMCLR_INVALID_ARGUMENT', message)
}

/** "Expected … for `name` but received …. …" */
export function expected(what: string, name: string, received: unknown, advice: string): string {
  return `Expected ${what} for \`${name}\` but received ${show(received)}. ${advice}`
}

/** A value as a person would write it. */
export function show(value: unknown): string {
  if (typeof value === 'function') return 'a function'
  return inspect(value, { depth: 1, breakLength: Infinity, maxArrayLength: 5, maxStringLength: 80 })
}

/** The name that was probably meant; null where nothing is near. */
export function nearest(name: string, names: readonly string[]): string | null {
  if (names.length === 0) return null
  const best = closest(name, names)
  return distance(name.toLowerCase(), best.toLowerCase()) <= Math.max(2, name.length / 3) ? best : null
}

function describe(schema: z.ZodObject, value: unknown, issue: z.core.$ZodIssue): string[] {
  if (issue.code === 'unrecognized_keys') {
    const prefix = issue.path.map((key) => `${String(key)}.`).join('')
    return issue.keys.map((key) => unknownOption(schema, prefix, key))
  }
  const { name, doc, received } = locate(schema, value, issue.path)
  if (!doc)
    return [expected('an object of options', 'options', received, 'docs/api.md says what each call takes.')]
  const advice =
    doc.default === null ? doc.about : `${doc.about} Leave it out for the default (${doc.default}).`
  return [expected(doc.expected + beyond(doc, received), name, received, advice)]
}

/** For an integer that doubles cannot tell from its neighbours: which is the largest. */
function beyond({ largest = Infinity }: OptionDoc, received: unknown): string {
  const isTooLarge = Number.isInteger(received) && (received as number) > largest
  return isTooLarge ? `, at most ${largest} (2^53 - 1),` : ''
}

function unknownOption(schema: z.ZodObject, prefix: string, key: string): string {
  const names = listOptions(schema).map((entry) => entry.name)
  const group = names.filter((name) => name.startsWith(prefix)).map((name) => name.slice(prefix.length))
  const tops = [...new Set(group.map((name) => name.split('.')[0]!))]
  const sibling = nearest(key, tops)
  const elsewhere = names.find((name) => name.split('.').at(-1) === key)
  const meant = sibling ? prefix + sibling : elsewhere
  const advice = [
    ...(meant ? [`Did you mean \`${meant}\`?`] : []),
    ...(sibling ? [] : [`Known here: ${tops.join(', ')}.`]),
  ]
  return `Expected a known option but received \`${prefix}${key}\`. ${advice.join(' ')}`
}

/** The deepest documented option on an issue's path, and what was passed for it. */
function locate(schema: z.ZodObject, value: unknown, path: readonly PropertyKey[]) {
  let inner: z.ZodObject | null = schema
  let found: { name: string; doc: OptionDoc | undefined; received: unknown } = {
    name: '',
    doc: undefined,
    received: value,
  }
  for (const key of path) {
    const member: z.ZodType | undefined = inner?.shape[String(key)] as z.ZodType | undefined
    if (!member) break
    found = {
      name: found.name === '' ? String(key) : `${found.name}.${String(key)}`,
      doc: optionDocs.get(member),
      received: (found.received as Record<PropertyKey, unknown> | undefined)?.[key],
    }
    inner = objectInside(member)
  }
  return found
}

/** The object that a schema checks, itself optional or not; null for one of other values. */
export function objectInside(schema: unknown): z.ZodObject | null {
  const def = (schema as z.ZodType).def as { type: string; innerType?: unknown }
  if (def.type === 'optional') return objectInside(def.innerType)
  return def.type === 'object' ? (schema as z.ZodObject) : null
}
