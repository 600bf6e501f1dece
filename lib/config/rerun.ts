/** A run's config.json with other options on top: what followed from an option that is another one now follows anew. */
import { isTree } from './layers.ts'
import type { TrainOptions } from './options.ts'

/** What config.json has, as far as this matters. */
export interface RanWith {
  options: TrainOptions
  /** Dotted option name → who decided it (config/resolve.ts). */
  why?: Readonly<Record<string, string>>
}

/**
 * `options` less what `changes` make pointless: everything that nobody chose where the preset, the convention, the
 * optimizer or the size is another one; the colours' strengths where `augment.strength` is; `steps` where `epochs` is.
 */
export function forRerun({ options, why = {} }: RanWith, changes: TrainOptions): TrainOptions {
  const { preset, convention, imageSize, optimizer, augment, epochs } = changes
  const another = [preset, convention, imageSize, optimizer?.name].some((value) => value !== undefined)
  const isKept = (name: string) => {
    const reason = why[name] ?? 'option' // data and limits have no reason
    if (epochs !== undefined && name === 'steps') return false
    if (another && !reason.startsWith('option')) return false
    return augment?.strength === undefined || !reason.endsWith('× augment.strength')
  }
  return kept(options, '', isKept) as TrainOptions
}

function kept(tree: object, prefix: string, isKept: (name: string) => boolean): Record<string, unknown> {
  const entries = Object.entries(tree).flatMap(([key, value]): [string, unknown][] => {
    const name = prefix + key
    if (isTree(value)) return [[key, kept(value, `${name}.`, isKept)]]
    return isKept(name) ? [[key, value]] : []
  })
  return Object.fromEntries(entries)
}
