/** Command-line flags from the option schema: `optimizer.weightDecay` is `--weight-decay`, and so on. */
import type { z } from 'zod'
import { listOptions, type OptionEntry } from './messages.ts'

export interface Flag {
  /** Without the dashes, e.g. `weight-decay`. */
  flag: string
  /** Dotted option name. */
  name: string
  /** Placeholder in the help, e.g. `<auto|cpu>`. */
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

/** From flags as typed (by dotted option name) to an options object; what no parse fits is left for `validate`. */
export function optionsFromFlags(
  schema: z.ZodObject,
  flags: Readonly<Record<string, string>>,
): Record<string, unknown> {
  const options: Record<string, unknown> = {}
  for (const { name, schema: member } of listOptions(schema)) {
    const raw = flags[name]
    if (raw !== undefined) assign(options, name.split('.'), parseValue(member, raw))
  }
  return options
}

/** The first reading of `raw` that the option accepts. */
function parseValue(schema: z.ZodType, raw: string): unknown {
  const number = raw.trim() === '' ? Number.NaN : Number(raw)
  const list = raw.split(',').map(Number)
  const readings: unknown[] = [raw]
  if (/^(on|true|yes)$/.test(raw)) readings.push(true)
  if (/^(off|false|no)$/.test(raw)) readings.push(false)
  if (/^(none|null)$/.test(raw)) readings.push(null)
  if (!Number.isNaN(number)) readings.push(number)
  if (list.length > 1 && !list.some(Number.isNaN)) readings.push(list)
  if (raw.startsWith('[')) readings.push(parseJson(raw))
  return readings.find((reading) => schema.safeParse(reading).success) ?? readings.at(-1)
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

function placeholder({ doc }: OptionEntry): string {
  if (doc.expected === 'true or false') return '<on|off>'
  const words = doc.expected.match(/^(?:'[\w:]+'(?:, | or )?)+$/)
  if (words) return `<${doc.expected.match(/[\w:]+(?=')/g)!.join('|')}>`
  if (/pair/.test(doc.expected)) return '<low,high>'
  if (/three numbers/.test(doc.expected)) return '<r,g,b>'
  if (/a list of/.test(doc.expected)) return '<json>'
  if (/number|integer|multiple/.test(doc.expected)) return `<${doc.unit ?? 'number'}>`
  return /path/.test(doc.expected) ? '<path>' : '<value>'
}

function helpOf({ doc }: OptionEntry): string {
  const source = doc.source ? `; ${doc.source}` : ''
  return `${doc.about} (${doc.default === null ? 'required' : `default: ${doc.default}`}${source})`
}
