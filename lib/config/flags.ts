/** Command-line flags from the option schema: `optimizer.weightDecay` is `--weight-decay`, and so on. */
import type { z } from 'zod'
import { expected, invalid, listOptions, type OptionEntry } from './messages.ts'

export interface Flag {
  /** Without the dashes, e.g. `weight-decay`. */
  flag: string
  /** Dotted option name. */
  name: string
  /** Placeholder in the help, e.g. `<auto|cpu>`; in brackets where the flag alone means `on`. */
  value: string
  /** Description in the help, default included. */
  help: string
}

/** The flags of every option that has one. */
export function flagsOf(schema: z.ZodObject): Flag[] {
  return listOptions(schema)
    .filter(({ doc }) => doc.flag !== null)
    .map((entry) => ({
      flag: flagOf(entry),
      name: entry.name,
      value: placeholder(entry),
      help: helpOf(entry),
    }))
}

/**
 * From flags as typed (by dotted option name) to an options object; what no parse fits is left for `validate`. Throws
 * ERR_SIMCLR_INVALID_ARGUMENT for a switch that is neither on nor off.
 */
export function optionsFromFlags(
  schema: z.ZodObject,
  flags: Readonly<Record<string, string>>,
): Record<string, unknown> {
  const options: Record<string, unknown> = {}
  for (const entry of listOptions(schema)) {
    const raw = flags[entry.name]
    if (raw === undefined) continue
    const value = parseValue(entry.schema, raw)
    if (isSwitch(entry) && !entry.schema.safeParse(value).success) {
      const either = positions(entry).join(', ').replace(', off', ' or off')
      throw invalid(expected(either, `--${flagOf(entry)}`, raw, entry.doc.about))
    }
    assign(options, entry.name.split('.'), value)
  }
  return options
}

/** The first reading of `raw` that the option accepts; where it may be null, a path called so is `./null`. */
function parseValue(schema: z.ZodType, raw: string): unknown {
  const number = raw.trim() === '' ? Number.NaN : Number(raw)
  const list = raw.split(',').map(Number)
  const readings: unknown[] = /^(none|null)$/.test(raw) ? [null, raw] : [raw]
  if (/^(on|true|yes)$/.test(raw)) readings.push(true)
  if (/^(off|false|no)$/.test(raw)) readings.push(false)
  if (!Number.isNaN(number)) readings.push(number)
  if (list.length > 1 && !list.some(Number.isNaN)) readings.push(list)
  if (raw.startsWith('[')) readings.push(parseJson(raw))
  const listOfOne = [number]
  const fitting = [...readings, listOfOne].find((reading) => schema.safeParse(reading).success)
  return fitting === undefined ? readings.at(-1) : fitting
}

/** What JSON says; text that is none stays what it is. */
function parseJson(raw: string): unknown {
  try {
    return JSON.parse(raw)
  } catch {
    return raw
  }
}

function assign(into: Record<string, unknown>, [key, ...rest]: string[], value: unknown): void {
  if (rest.length === 0) {
    into[key!] = value
  } else {
    into[key!] ??= {}
    assign(into[key!] as Record<string, unknown>, rest, value)
  }
}

function flagOf({ name, doc }: OptionEntry): string {
  return doc.flag ?? name.replace(/\./g, '-').replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)
}

function isSwitch({ doc }: OptionEntry): boolean {
  return doc.kind === 'switch'
}

/** What a switch can be set to, as it is typed: `on`, `off` and words such as `auto`. */
function positions({ doc }: OptionEntry): string[] {
  return [...(doc.words ?? []), 'on', 'off']
}

function placeholder(entry: OptionEntry): string {
  const { kind, words, unit } = entry.doc
  switch (kind) {
    case 'switch':
      return `[${positions(entry).join('|')}]`
    case 'word':
      return `<${words!.join('|')}>`
    case 'number':
      return `<${unit ?? 'number'}>`
    case 'numbers':
      return `<${unit ?? 'number'},…>`
    case 'pair':
      return '<low,high>'
    case 'triple':
      return '<r,g,b>'
    case 'list':
      return '<json>'
    default:
      return `<${kind}>`
  }
}

function helpOf({ doc }: OptionEntry): string {
  const source = doc.source ? `; ${doc.source}` : ''
  return `${doc.about} (${doc.default === null ? 'required' : `default: ${doc.default}`}${source})`
}
