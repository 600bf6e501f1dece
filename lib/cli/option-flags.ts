/** Flags of a command from a schema of options. */
import { type Command, Option } from 'commander'
import type { z } from 'zod'
import { flagsOf, optionsFromFlags } from '../config/flags.ts'

/** Adds a flag for every option of `schema`; the first of them, named in `common`, come first in the help. */
export function addOptionFlags(command: Command, schema: z.ZodObject, common: readonly string[] = []): void {
  const flags = flagsOf(schema)
  const rank = ({ flag }: { flag: string }) =>
    (common.indexOf(flag) + common.length + 1) % (common.length + 1)
  const sorted = [...flags].sort((a, b) => (common.length === 0 ? 0 : rank(a) - rank(b)))
  for (const { flag, value, help } of sorted) command.addOption(new Option(`--${flag} ${value}`, help))
}

/** The options object that the typed flags make; still to be validated. */
export function readOptionFlags(
  schema: z.ZodObject,
  typed: Record<string, unknown>,
): Record<string, unknown> {
  const raw: Record<string, string> = {}
  for (const { flag, name } of flagsOf(schema)) {
    const value = typed[camelCase(flag)]
    if (value === true)
      raw[name] = 'on' // a switch without a value
    else if (typeof value === 'string') raw[name] = value
  }
  return optionsFromFlags(schema, raw)
}

/** As commander names the value of a flag. */
function camelCase(flag: string): string {
  return flag.replace(/-([a-z])/g, (_, letter: string) => letter.toUpperCase())
}
