/**
 * npx tsx bench/accuracy.ts --train DIR --test DIR [--preset quick] [--epochs N] [--seeds N] [--hue exact|fast]
 *   [--peers VENV [--peer-fp32] [--tuned PRECISION=WORKERS,THREADS]]
 *
 * Time to accuracy: trains on the images of one class folder per class, without their labels, and prints for each seed
 * what kNN and a linear probe reach on those of the other, after the last epoch, as JSON lines; the mean last. `--peers`
 * runs lightly's recipe (bench/peers/accuracy.py) with the same seeds, each beside ours, in bf16 or, where that is faster
 * for it, in fp32, with as many workers and threads as there are cores, or what `--tuned` says (bench/main.ts finds the
 * best). Keep the machine quiet.
 * Seconds are ours from the call of train() to its end, the peer's from its first batch to its last.
 */
import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { availableParallelism, tmpdir } from 'node:os'
import { join } from 'node:path'
import { presetNames } from '../lib/config/settings.ts'
import { compare } from '../lib/evaluate/compare.ts'
import { train } from '../lib/train.ts'
import { given, numberOf, readFlags, wordOf } from '../scripts/command-line.mjs'
import { peerScript, readTuned } from './measure/peer.ts'

interface Outcome {
  side: string
  seed: number
  seconds: number
  knn: number
  linear: number
}

const { values } = readFlags({
  options: {
    train: { type: 'string' },
    test: { type: 'string' },
    preset: { type: 'string', default: 'quick' },
    epochs: { type: 'string' },
    seeds: { type: 'string', default: '3' },
    hue: { type: 'string', default: 'exact' },
    peers: { type: 'string' },
    'peer-fp32': { type: 'boolean', default: false },
    tuned: { type: 'string', multiple: true, default: [] },
  },
})
const { epochs, peers } = values
const data = given('train', values.train, 'DIR')
const test = given('test', values.test, 'DIR')
const preset = wordOf('preset', values.preset, presetNames)
const hueMode = wordOf('hue', values.hue, ['exact', 'fast'])
const seeds = numberOf('seeds', values.seeds, 1)
const tuned = readTuned(values.tuned)

async function ours(seed: number): Promise<Outcome> {
  const out = mkdtempSync(join(tmpdir(), 'simclr-accuracy-'))
  try {
    const begin = performance.now()
    const { encoder } = await train({
      data: data,
      preset,
      seed,
      out,
      probe: { everyEpochs: 0 },
      augment: { hueMode },
      report: false,
      ...(epochs === undefined ? {} : { epochs: Number(epochs) }),
    })
    const seconds = (performance.now() - begin) / 1000
    const { trained } = await compare(encoder, { data: data, test: test, seed })
    encoder.dispose()
    return { side: hueMode === 'exact' ? preset : `${preset}, ${hueMode} hue`, seed, seconds, ...trained }
  } finally {
    rmSync(out, { recursive: true })
  }
}

const precision = values['peer-fp32'] ? 'fp32' : 'bf16'
const cores = availableParallelism()
const { workers, threads } = tuned[precision] ?? { workers: cores, threads: cores }

function lightly(seed: number): Outcome {
  const options = { train: data, test: test, seed, precision, workers, threads }
  const flags = Object.entries(options).flatMap(([name, value]) => [`--${name}`, `${value}`])
  const args = [peerScript('accuracy.py'), ...flags]
  const said = execFileSync(`${peers}/bin/python`, args, { encoding: 'utf8', maxBuffer: 1 << 26 })
  return { side: 'lightly', seed, ...JSON.parse(said.trim().split('\n').at(-1)!) }
}

const outcomes: Outcome[] = []
const say = (outcome: Outcome) => {
  outcomes.push(outcome)
  console.log(JSON.stringify(outcome))
}
for (let seed = 0; seed < seeds; seed++) {
  say(await ours(seed))
  if (peers !== undefined) say(lightly(seed))
}
for (const side of new Set(outcomes.map((outcome) => outcome.side))) {
  const of = outcomes.filter((outcome) => outcome.side === side)
  const mean = (key: 'seconds' | 'knn' | 'linear') =>
    of.reduce((sum, outcome) => sum + outcome[key], 0) / of.length
  const means = { seconds: mean('seconds'), knn: mean('knn'), linear: mean('linear') }
  console.log(JSON.stringify({ side, seeds: of.length, ...means }))
}
