/** The tables of what batches cost in memory, one a network, below each other in one page. */
import type { StepSetting } from './work/step.ts'

export type Network = Pick<StepSetting, 'arch' | 'stem'> & { size: string | number }

/** A table's beginning, which tells it from those of other networks. */
export function headingOf({ arch, stem, size }: Network): string {
  return `${arch} (${stem} stem) at ${size} px`
}

/** A page's tables with this one, which begins with its heading, in the place of an earlier one of its network, or last. */
export function withTable(inside: string, network: Network, table: string): string {
  const tables = inside
    .split(/\n(?=\S+ \(\S+ stem\) at )/)
    .map((one) => one.trim())
    .filter(Boolean)
  const at = tables.findIndex((one) => one.startsWith(headingOf(network)))
  return `\n${(at < 0 ? [...tables, table] : tables.with(at, table)).join('\n\n')}\n`
}
