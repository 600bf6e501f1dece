/** A run's config.json with other options on top: what its user gave stays, and what followed follows anew. */
import { isTree } from './layers.ts'
import type { TrainOptions } from './options.ts'
import { isChosen, type Reason } from './reason.ts'

/** What config.json has, as far as this matters. */
export interface RanWith {
  options: TrainOptions
  /** Dotted option name → who decided it (config/resolve.ts). */
  why?: Readonly<Record<string, Reason>>
}

/**
 * `options` less everything that nobody chose: presets, data and machine decide it again, which are others perhaps. `epochs`
 * of `changes` take the place of `steps`.
 */
export function forRerun({ options, why = {} }: RanWith, changes: TrainOptions): TrainOptions {
  const isGiven = (name: string) => {
    if (changes.epochs !== undefined && name === 'steps') return false
    return isChosen(why[name])
  }
  return given(options, '', isGiven) as TrainOptions
}

function given(tree: object, prefix: string, isGiven: (name: string) => boolean): Record<string, unknown> {
  const entries = Object.entries(tree).flatMap(([key, value]): [string, unknown][] => {
    const name = prefix + key
    if (isTree(value)) return [[key, given(value, `${name}.`, isGiven)]]
    return isGiven(name) ? [[key, value]] : []
  })
  return Object.fromEntries(entries)
}
