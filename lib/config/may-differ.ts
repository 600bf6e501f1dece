/** Options in which runs that belong together may differ, by dotted name: the schema marks them. */
import { listOptions } from './messages.ts'
import type { OptionText } from './option.ts'
import { trainOptions } from './options.ts'

/** From the checkpoint that a run goes on from. */
export const mayChange = marked(({ mayChange }) => mayChange)

/** From rank to rank. */
export const perRank = marked(({ perRank }) => perRank)

function marked(isMarked: (doc: OptionText) => boolean | undefined): ReadonlySet<string> {
  const entries = listOptions(trainOptions).filter(({ doc }) => isMarked(doc))
  return new Set(entries.map(({ name }) => name))
}
