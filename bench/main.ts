/**
 * npm run bench [-- --peers VENV] [--only NAME] [--rounds N] [--json] [--table FILE] [--precision bf16|fp32]
 *                 [--tuned PRECISION=WORKERS,THREADS]
 *
 * Runs the benchmarks and prints each figure, with --json one line a figure. `--peers` is a Python virtual
 * environment that has the peers (bench/peers/): they are measured in turns with ours. `--only` may be given more
 * than once. `--table` puts the figures into the table of a Markdown file, docs/performance.md for one; figures that
 * were not measured this time stay as they are there. `--precision` is that of single training steps on both sides, what
 * 'auto' means on this machine unless given, and that of data-wait and loop-memory; where it is fp32, loop-bf16 is left
 * out. `--tuned bf16=2,1` says which setting of the loop figures' peer is its best here in a precision, known from an
 * earlier run, instead of finding it again; it may be given once for each. Keep the machine quiet.
 */
import { loadAddon } from '../lib/addon/load.ts'
import { autoPrecision } from '../lib/config/precision.ts'
import { machineFacts } from '../lib/machine-facts.ts'
import { Misuse, numberOf, readFlags, wordOf } from '../scripts/command-line.mjs'
import { type Benchmark, type Context, complete, type Figure } from './figure.ts'
import { augment } from './figures/augment.ts'
import { jpeg } from './figures/jpeg.ts'
import { lars } from './figures/lars.ts'
import { loop } from './figures/loop.ts'
import { ntXent } from './figures/nt_xent.ts'
import { ranks } from './figures/ranks.ts'
import { sharedCore } from './figures/shared-core.ts'
import { startUp } from './figures/start-up.ts'
import { step } from './figures/step.ts'
import { stepMemory } from './figures/step-memory.ts'
import { describeMachine, measureLimits } from './measure/limits.ts'
import { readTuned, torchVersion } from './measure/peer.ts'
import { formatFigure, writeTable } from './table.ts'

const benchmarks: readonly Benchmark[] = [
  augment,
  jpeg,
  ntXent,
  step,
  stepMemory,
  lars,
  loop,
  startUp,
  sharedCore,
  ranks,
]

const { values } = readFlags({
  options: {
    peers: { type: 'string' },
    only: { type: 'string', multiple: true },
    rounds: { type: 'string', default: '7' },
    json: { type: 'boolean', default: false },
    table: { type: 'string' },
    precision: { type: 'string' },
    tuned: { type: 'string', multiple: true, default: [] },
  },
})
const known = benchmarks.flatMap(({ targets }) => Object.keys(targets))
const unknown = values.only?.find((name) => !known.includes(name))
if (unknown !== undefined) {
  throw new Misuse(`Expected one of ${known.join(', ')} for --only but received '${unknown}'.`)
}

const rounds = numberOf('rounds', values.rounds, 1)
const tuned = readTuned(values.tuned)
const asked = values.precision ?? autoPrecision('cpu', machineFacts(loadAddon()).bf16Speed).precision
const precision = wordOf('precision', asked, ['bf16', 'fp32'])

const wanted = (name: string) => values.only?.includes(name) ?? true
const limits = await measureLimits()
const peers = values.peers ?? null
const context: Context = {
  rounds,
  peers,
  torch: peers === null ? null : torchVersion(peers),
  limits,
  precision,
  tuned,
}
const machine = describeMachine(limits)
if (!values.json) console.log(machine)
const figures: Figure[] = []
for (const benchmark of benchmarks) {
  if (!Object.keys(benchmark.targets).some(wanted)) continue
  for await (const measured of benchmark.run(context, wanted)) {
    const figure = complete(measured, benchmark)
    figures.push(figure)
    const { name, ours, peer, unit, ratio, rounds, torch } = figure
    const line = { name, ours, peer, unit, ratio, rounds, torch }
    console.log(values.json ? JSON.stringify(line) : formatFigure(figure))
  }
}
if (values.table !== undefined) await writeTable(values.table, { figures, machine, known })
