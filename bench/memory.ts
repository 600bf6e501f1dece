/**
 * node --import tsx bench/memory.ts [--batch N …] [--chunk N] [--arch A] [--stem S] [--size PX] [--steps N]
 *   [--table docs/performance.md]
 *
 * What batches cost: peak memory and speed of steps as they are, with activations computed again (`recompute`), and with
 * the batch in chunks (`chunkSize`); a process each. Speeds are relative to the plain step of the smallest batch. Prints a
 * table; `--table` puts it between the marks in a Markdown file. Keep the machine quiet.
 */
import { execFileSync } from 'node:child_process'
import { readFile, writeFile } from 'node:fs/promises'
import { availableParallelism } from 'node:os'
import { readFlags } from '../scripts/command-line.mjs'
import { workScript } from './measure/memory.ts'

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
    table: { type: 'string' },
  },
})
const { chunk, arch, stem, size } = values
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
    return `${Math.round(cost.megabytes).toLocaleString('en')} MB, ${(cost.imagesPerSecond / unit).toFixed(2)}`
  })
  rows.push(`| ${Number(batch).toLocaleString('en')} | ${cells.join(' | ')} |`)
}
const table = [
  `${arch} (${stem} stem) at ${size} px, bf16, ${availableParallelism()} cores: peak MB that network and steps add, and images a second relative to`,
  `the first cell (${Math.round(unit ?? 0)} a second); ${new Date().toISOString().slice(0, 10)}.`,
  '',
  `| batch | plain | \`recompute\` | \`chunkSize: ${chunk}\` |`,
  '| ---: | ---: | ---: | ---: |',
  ...rows,
].join('\n')
console.log(table)
if (values.table !== undefined) {
  const text = await readFile(values.table, 'utf8')
  const [begin, end] = ['<!-- memory -->', '<!-- /memory -->']
  const [from, to] = [text.indexOf(begin), text.indexOf(end)]
  if (from < 0 || to < from) throw new Error(`Expected ${begin} and ${end} in ${values.table}.`)
  await writeFile(values.table, `${text.slice(0, from)}${begin}\n\n${table}\n\n${text.slice(to)}`)
}
