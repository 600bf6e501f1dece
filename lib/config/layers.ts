/** Settings in layers: later ones win, and every value remembers where it came from. */
import { isDeepStrictEqual } from 'node:util'
import type { Decider, Reason } from './reason.ts'
import type { TrainSettings } from './settings.ts'

export interface Layer {
  by: Decider
  /** Where these values come from, for people. */
  why: string
  values: TrainSettings
}

/** T with every member there and nothing left to decide. */
export type Complete<T> = T extends readonly unknown[]
  ? T
  : T extends object
    ? { [K in keyof T]-?: Complete<Exclude<T[K], undefined>> }
    : Exclude<T, 'auto'>

type Tree = { [key: string]: unknown }

/** One object of all layers, and for each value by dotted name the layer that decided it. */
export function mergeLayers(layers: readonly Layer[]): {
  values: TrainSettings
  why: Record<string, Reason>
} {
  const values: Tree = {}
  const why: Record<string, Reason> = {}
  for (const { by, why: text, values: from } of layers) {
    merge(values, from as Tree, '', (name) => {
      why[name] = { by, text }
    })
  }
  return { values: values as TrainSettings, why }
}

/**
 * Whether the last layer asks for the value of a dotted name. A group that it has whole is a configuration handed back,
 * and asks only for what would be otherwise without it.
 */
export function askedFor(layers: readonly Layer[]): (name: string) => boolean {
  const asking = layers.at(-1)!
  const given = leaves(asking.values)
  const below = leaves(mergeLayers(layers.slice(0, -1)).values)
  const isWhole = (group: string) =>
    [...below.keys()].every((name) => groupOf(name) !== group || given.has(name))
  return (name) => {
    if (!given.has(name)) return false
    const isSame = !below.has(name) || isDeepStrictEqual(below.get(name), given.get(name))
    return !(isSame && isWhole(groupOf(name)))
  }
}

function groupOf(name: string): string {
  return name.slice(0, name.lastIndexOf('.') + 1)
}

/** Every value that is there by its dotted name. */
export function leaves(tree: object, prefix = ''): Map<string, unknown> {
  const entries = Object.entries(tree).flatMap(([key, value]): [string, unknown][] => {
    if (value === undefined) return []
    return isTree(value) ? [...leaves(value, `${prefix}${key}.`)] : [[prefix + key, value]]
  })
  return new Map(entries)
}

/** `note` is told the dotted name of each value that is taken over. */
function merge(into: Tree, from: Tree, prefix: string, note: (name: string) => void): void {
  for (const [key, value] of Object.entries(from)) {
    if (value === undefined || key === '__proto__') continue // JSON can have such a key
    const name = prefix + key
    if (isTree(value)) {
      if (!isTree(into[key])) into[key] = {}
      merge(into[key] as Tree, value, `${name}.`, note)
    } else {
      into[key] = value
      note(name)
    }
  }
}

export function isTree(value: unknown): value is Tree {
  if (typeof value !== 'object' || value === null) return false
  const prototype: unknown = Object.getPrototypeOf(value)
  return prototype === Object.prototype || prototype === null
}
