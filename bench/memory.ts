/**
 * node --import tsx bench/memory.ts [--batch N …] [--chunk N] [--arch A] [--stem S] [--size PX] [--steps N]
 *   [--memory-only] [--table docs/performance.md]
 *
 * What batches cost: peak memory and speed of steps as they are, with activations computed again (`recompute`), and with
 * the batch in chunks (`chunkSize`); a process each. Speeds are relative to the plain step of the smallest batch. Prints a
 * table; `--table` puts it among those between the marks in a Markdown file, in the place of an earlier one of the same
 * network. Keep the machine quiet, or leave the speeds out (`--memory-only`): memory does not depend on it.
 */
import { execFileSync } from 'node:child_process'
import { availableParallelism } from 'node:os'
import { readFlags, wordOf } from '../scripts/command-line.mjs'
import { rewriteMarked } from './marks.ts'
import { nameMachine } from './measure/limits.ts'
import { workScript } from './measure/memory.ts'
import { headingOf, withTable } from './memory-table.ts'

interface Cost {
  megabytes: number
  imagesPerSecond: number
}

const { values } = readFlags({
  options: {
    batch: { type: 'string', multiple: true, default: ['256', '1024', '4096'] },
    chunk: { type: 'string', default: '256' },
    arch: { type: 'string', default: 'resnet18' },
    stem: { type: 'string', default: 'cifar' },
    size: { type: 'string', default: '32' },
    steps: { type: 'string', default: '2' },
    'memory-only': { type: 'boolean', default: false },
    table: { type: 'string' },
  },
})
const { chunk, size } = values
const arch = wordOf('arch', values.arch, ['resnet18', 'resnet50'])
const stem = wordOf('stem', values.stem, ['imagenet', 'cifar', 'stride2'])
const network = { arch, stem, size }
const modes = ['plain', 'recompute', chunk] as const

/** Null where the process died of it: too large for this machine. */
function costOf(batch: string, mode: string): Cost | null {
  const cores = availableParallelism()
  const [command, args] = workScript('step-cost.ts', arch, stem, size, batch, cores, values.steps, mode)
  try {
    return JSON.parse(
      execFileSync(command, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] }),
    ) as Cost
  } catch (error) {
    console.error(`batch ${batch}, ${mode}: ${(error as Error).message.split('\n')[0]}`)
    return null
  }
}

const rows: string[] = []
let unit: number | undefined
for (const batch of values.batch) {
  const cells = modes.map((mode) => {
    const cost = costOf(batch, mode)
    if (cost === null) return 'does not fit'
    unit ??= cost.imagesPerSecond
    console.error(`batch ${batch}, ${mode}: ${JSON.stringify(cost)}`)
    const megabytes = `${Math.round(cost.megabytes).toLocaleString('en')} MB`
    return values['memory-only'] ? megabytes : `${megabytes}, ${(cost.imagesPerSecond / unit).toFixed(2)}`
  })
  rows.push(`| ${Number(batch).toLocaleString('en')} | ${cells.join(' | ')} |`)
}
const speeds = values['memory-only']
  ? ''
  : `, and images a second relative to\nthe first cell (${Math.round(unit ?? 0)} a second)`
const where = `${nameMachine()}, ${availableParallelism()} cores, ${new Date().toISOString().slice(0, 10)}`
const table = [
  `${headingOf(network)}, bf16: peak MB that network and steps add${speeds}; ${where}.`,
  '',
  `| batch | plain | \`recompute\` | \`chunkSize: ${chunk}\` |`,
  '| ---: | ---: | ---: | ---: |',
  ...rows,
].join('\n')
console.log(table)
if (values.table !== undefined)
  await rewriteMarked(values.table, 'memory', (inside) => withTable(inside, network, table))
