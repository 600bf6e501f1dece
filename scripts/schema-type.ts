/** TypeScript's words for what a zod schema accepts. */
import type { z } from 'zod'

/** What a schema's definition has, of those that options are made of. */
interface Definition {
  type: string
  innerType?: z.ZodType
  element?: z.ZodType
  items?: readonly z.ZodType[]
  options?: readonly z.ZodType[]
  entries?: Readonly<Record<string, string>>
  values?: readonly (string | number | boolean | null)[]
  shape?: Readonly<Record<string, z.ZodType>>
}

/**
 * The type of `schema`, without the `undefined` of an optional one. `named` stands for it where it is a choice of words,
 * and for what only a function tests.
 */
export function typeOf(schema: z.ZodType, named?: string): string {
  const def = schema.def as unknown as Definition
  const inside = (inner: z.ZodType) => typeOf(inner, named)
  switch (def.type) {
    case 'optional':
      return inside(def.innerType!)
    case 'nullable':
      return `${inside(def.innerType!)} | null`
    case 'readonly':
      return `readonly ${inside(def.innerType!)}`
    case 'union':
      return nullLast(def.options!.map(inside)).join(' | ')
    case 'enum':
      return named ?? Object.values(def.entries!).map(literal).join(' | ')
    case 'literal':
      return def.values!.map(literal).join(' | ')
    case 'array':
      return `${inside(def.element!)}[]`
    case 'tuple':
      return `[${def.items!.map(inside).join(', ')}]`
    case 'object': {
      const members = Object.entries(def.shape!).map(([key, member]) => `${key}: ${inside(member)}`)
      return `{ ${members.join('; ')} }`
    }
    case 'string':
    case 'number':
    case 'boolean':
    case 'null':
      return def.type
    case 'custom':
      if (named !== undefined) return named
  }
  throw new Error(`Expected a schema whose type can be written but received one of type ${def.type}.`)
}

function nullLast(types: readonly string[]): string[] {
  const others = types.filter((type) => type !== 'null')
  return others.length === types.length ? others : [...others, 'null']
}

function literal(value: string | number | boolean | null): string {
  return typeof value === 'string' ? `'${value}'` : String(value)
}
