/**
 * npm run bench [-- --peers VENV] [--peers-torch VENV] [--only NAME] [--rounds N] [--json] [--table FILE]
 *                 [--precision bf16|fp32] [--tuned PRECISION=WORKERS,THREADS[,channels_last|contiguous]]
 * npm run bench -- --list
 *
 * Runs the benchmarks and prints each figure, with --json one line a figure. `--peers` is a Python virtual
 * environment that has the peers (bench/peers/): they are measured in turns with ours. `--peers-torch` is another one for
 * the peers that need PyTorch alone (steps, their memory, NT-Xent, the shared core): one with our LibTorch's version.
 * `--only` may be given more than once; `--list` prints the names. `--table` puts the figures into the table of a Markdown
 * file, docs/performance.md for one, as they come; figures that were not measured this time stay as they are there.
 * `--precision` is that of single training steps on both sides, what 'auto' means on this machine unless given, and that of
 * data-wait and loop-memory; where it is fp32, loop-bf16 is left out, which its line says. `--tuned bf16=2,1` says which
 * setting of the loop figures' peer is its best here in a precision, known from an earlier run, instead of finding it
 * again; it may be given once for each. Keep the machine quiet.
 */
import { loadAddon } from '../lib/addon/load.ts'
import { autoPrecision } from '../lib/config/precision.ts'
import { versions } from '../lib/machine.ts'
import { machineFacts } from '../lib/machine-facts.ts'
import { Misuse, numberOf, readFlags, wordOf } from '../scripts/command-line.mjs'
import { revision } from '../scripts/revision.ts'
import { benchmarks, known, onlyTorch } from './benchmarks.ts'
import { type Benchmark, type Context, complete } from './figure.ts'
import { describeMachine, measureLimits } from './measure/limits.ts'
import { torchVersion } from './measure/peer.ts'
import { readTuned } from './measure/setting.ts'
import { formatFigure, writeTable } from './table.ts'

const { values } = readFlags({
  options: {
    peers: { type: 'string' },
    'peers-torch': { type: 'string' },
    only: { type: 'string', multiple: true },
    list: { type: 'boolean', default: false },
    rounds: { type: 'string', default: '7' },
    json: { type: 'boolean', default: false },
    table: { type: 'string' },
    precision: { type: 'string' },
    tuned: { type: 'string', multiple: true, default: [] },
  },
})
const unknown = values.only?.find((name) => !known.includes(name))
if (unknown !== undefined) {
  throw new Misuse(`Expected one of ${known.join(', ')} for --only but received '${unknown}'.`)
}
const rounds = numberOf('rounds', values.rounds, 1)
const tuned = readTuned(values.tuned)
if (values.list) console.log(known.join('\n'))
else await measureAll()

async function measureAll(): Promise<void> {
  const asked = values.precision ?? autoPrecision('cpu', machineFacts(loadAddon()).bf16Speed).precision
  const precision = wordOf('precision', asked, ['bf16', 'fp32'])
  const commit = revision('bench', 'lib', 'native')
  const { libtorch } = versions()
  const wanted = (name: string) => values.only?.includes(name) ?? true
  const limits = await measureLimits()
  const versionOf = new Map<string, string>()
  const contextOf = (benchmark: Benchmark): Context => {
    const venv = (onlyTorch.has(benchmark) ? values['peers-torch'] : undefined) ?? values.peers ?? null
    if (venv !== null && !versionOf.has(venv)) versionOf.set(venv, torchVersion(venv))
    const torch = venv === null ? null : versionOf.get(venv)!
    return { rounds, peers: venv, torch, limits, precision, tuned }
  }
  const machine = describeMachine(limits)
  if (!values.json) console.log(machine)
  for (const benchmark of benchmarks) {
    if (!Object.keys(benchmark.targets).some(wanted)) continue
    for await (const measured of benchmark.run(contextOf(benchmark), wanted)) {
      if ('reason' in measured) {
        const { name, unit, reason } = measured
        const line = { name, ours: null, peer: null, unit, ratio: null, reason }
        console.log(values.json ? JSON.stringify(line) : `${name} is left out: ${reason}`)
        continue
      }
      const figure = complete(measured, benchmark)
      const { name, ours, peer, unit, ratio, met, rounds, torch } = figure
      const line = { name, ours, peer, unit, ratio, met, rounds, libtorch, torch, commit }
      console.log(values.json ? JSON.stringify(line) : formatFigure(figure))
      if (values.table === undefined) continue
      await writeTable(values.table, { figures: [figure], machine, known, libtorch, commit })
    }
  }
}
