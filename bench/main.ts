/**
 * npm run bench [-- --peers VENV] [--only NAME] [--rounds N] [--json]
 *
 * Runs the benchmarks and prints a table, or with --json one line a figure. `--peers` is a Python virtual
 * environment that has the peers (bench/peers/): they are measured in turns with ours. Keep the machine quiet.
 */
import { parseArgs } from 'node:util'
import { augment } from './augment.ts'
import type { Benchmark, Figure } from './bench.ts'
import { ntXent } from './nt_xent.ts'
import { ranksBenchmark } from './ranks.ts'
import { step } from './step.ts'

const benchmarks: readonly Benchmark[] = [augment, ntXent, step, ranksBenchmark]

const { values } = parseArgs({
  options: {
    peers: { type: 'string' },
    only: { type: 'string' },
    rounds: { type: 'string', default: '7' },
    json: { type: 'boolean', default: false },
  },
})
const known = benchmarks.flatMap(({ names }) => names)
if (values.only !== undefined && !known.includes(values.only)) {
  throw new Error(`Expected one of ${known.join(', ')} for --only but received ${values.only}.`)
}

const wanted = (name: string) => values.only === undefined || values.only === name
const context = { rounds: Number(values.rounds), peers: values.peers ?? null }
for (const benchmark of benchmarks) {
  for await (const figure of benchmark.run(context, wanted)) print(figure)
}

function print({ about, ...figure }: Figure): void {
  if (values.json) {
    console.log(JSON.stringify(figure))
    return
  }
  const { name, ours, peer, unit, ratio } = figure
  const number = (value: number) => value.toLocaleString('en', { maximumSignificantDigits: 4 })
  const against = peer === null ? '' : `  peer ${number(peer)}  ratio ${ratio!.toFixed(ratio! < 10 ? 2 : 1)}`
  console.log(`${name.padEnd(24)} ${number(ours)} ${unit}${against}\n${' '.repeat(25)}${about}`)
}
