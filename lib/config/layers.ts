/** Settings in layers: later ones win, and every value remembers where it came from. */
import type { TrainSettings } from './settings.ts'

export interface Layer {
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

/** One object of all layers, and for each value by dotted name the `why` of the layer that decided it. */
export function mergeLayers(layers: readonly Layer[]): {
  values: TrainSettings
  why: Record<string, string>
} {
  const values: Tree = {}
  const why: Record<string, string> = {}
  for (const layer of layers) merge(values, layer.values as Tree, '', layer.why, why)
  return { values: values as TrainSettings, why }
}

function merge(into: Tree, from: Tree, prefix: string, reason: string, why: Record<string, string>): void {
  for (const [key, value] of Object.entries(from)) {
    if (value === undefined || key === '__proto__') continue // JSON can have such a key
    const name = prefix + key
    if (isTree(value)) {
      if (!isTree(into[key])) into[key] = {}
      merge(into[key] as Tree, value, `${name}.`, reason, why)
    } else {
      into[key] = value
      why[name] = reason
    }
  }
}

export function isTree(value: unknown): value is Tree {
  if (typeof value !== 'object' || value === null) return false
  const prototype: unknown = Object.getPrototypeOf(value)
  return prototype === Object.prototype || prototype === null
}
