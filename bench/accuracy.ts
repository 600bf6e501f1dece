/**
 * npx tsx bench/accuracy.ts --train DIR --test DIR [--preset quick] [--epochs N] [--seeds N] [--hue exact|fast]
 *   [--peers VENV [--tuned PRECISION=WORKERS,THREADS[,channels_last|contiguous]]]
 * npx tsx bench/accuracy.ts --train DIR --choose [--recipe NAME …] [--seeds N]
 *
 * Time to accuracy: trains on the images of one class folder per class, without their labels, and prints for each seed
 * what kNN and a linear probe reach on those of the other, after the last epoch, as JSON lines; the mean last. `--peers`
 * runs lightly's recipe (bench/peers/accuracy.py) with the same seeds, each beside ours, in its fastest setting here, which
 * a few steps of every precision (bf16 unless it is slow), count of workers and threads and memory format find, or among those
 * that `--tuned` says for a precision. Seconds are ours from the call of train() to its end, the peer's from its first batch to its last.
 *
 * `--choose` compares recipes (bench/accuracy/recipes.ts) without the test images: a fixed fifth of the training images of
 * each class is held out, the rest trained on, and a table printed of what the probes reach on the fifth. Keep the machine quiet.
 */
import { execFileSync } from 'node:child_process'
import { availableParallelism } from 'node:os'
import { withTrained } from '../experiments/trained.ts'
import { loadAddon } from '../lib/addon/load.ts'
import { autoPrecision } from '../lib/config/precision.ts'
import { presetNames } from '../lib/config/settings.ts'
import type { DataInput } from '../lib/data/open.ts'
import { compare } from '../lib/evaluate/compare.ts'
import type { TrainOptions } from '../lib/index.ts'
import { machineFacts } from '../lib/machine-facts.ts'
import { given, numberOf, readFlags, wordOf } from '../scripts/command-line.mjs'
import { recipes } from './accuracy/recipes.ts'
import { holdOut } from './accuracy/split.ts'
import { peerScript } from './measure/peer.ts'
import { describeSetting, readTuned, settingFlags, type Tuned, tune } from './measure/setting.ts'

interface Outcome {
  side: string
  seed: number
  seconds: number
  knn: number
  linear: number
}

/** Steps that a setting of the peer is timed by. */
const tuningSteps = 12

const { values } = readFlags({
  options: {
    train: { type: 'string' },
    test: { type: 'string' },
    preset: { type: 'string', default: 'quick' },
    epochs: { type: 'string' },
    seeds: { type: 'string', default: '3' },
    hue: { type: 'string', default: 'exact' },
    choose: { type: 'boolean', default: false },
    recipe: { type: 'string', multiple: true },
    peers: { type: 'string' },
    tuned: { type: 'string', multiple: true, default: [] },
  },
})
const folder = given('train', values.train, 'DIR')
const seeds = numberOf('seeds', values.seeds, 1)
const preset = wordOf('preset', values.preset, presetNames)
const hueMode = wordOf('hue', values.hue, ['exact', 'fast'])
const tuned = readTuned(values.tuned)
const names = recipes.map(({ name }) => name)
const chosen = values.recipe?.map((name) => wordOf('recipe', name, names)) ?? names

async function ours(side: string, seed: number, options: Measured): Promise<Outcome> {
  const { data, test, base, change } = options
  const begin = performance.now()
  return await withTrained({ base, change, own: { data, seed } as TrainOptions }, async ({ encoder }) => {
    const seconds = (performance.now() - begin) / 1000
    const { trained } = await compare(encoder, { data, test, seed })
    return { side, seed, seconds, ...trained }
  })
}

interface Measured {
  data: DataInput
  test: DataInput
  base: TrainOptions
  change: TrainOptions
}

/** The peer in one setting: what its script prints last. */
function run(
  precision: string,
  setting: Tuned,
  flags: readonly (string | number)[],
): Omit<Outcome, 'side' | 'seed'> {
  const what = ['--train', folder, '--test', values.test!, '--precision', precision, ...flags]
  const args = [peerScript('accuracy.py'), ...what.map(String), ...settingFlags(setting)]
  const said = execFileSync(`${values.peers}/bin/python`, args, { encoding: 'utf8', maxBuffer: 1 << 26 })
  return JSON.parse(said.trim().split('\n').at(-1)!)
}

const both = ['bf16', 'fp32'] as const

/** Its fastest setting here, in float32 and in bf16 unless that is slow, or in the precisions that are given. */
function fastest(): { precision: 'bf16' | 'fp32'; setting: Tuned } {
  // Where bf16 is slow a few steps of it take minutes.
  const tried =
    autoPrecision('cpu', machineFacts(loadAddon()).bf16Speed).precision === 'bf16' ? both : ['fp32']
  const precisions = both.filter((of) =>
    values.tuned.length === 0 ? tried.includes(of) : tuned[of] !== undefined,
  )
  const rateOf = (precision: string) => (setting: Tuned) =>
    tuningSteps / run(precision, setting, ['--steps', tuningSteps]).seconds
  const best = precisions.map((precision) => {
    const setting = tune(availableParallelism(), tuned[precision], rateOf(precision))
    // One precision has nothing to be compared with.
    return { precision, setting, rate: precisions.length === 1 ? 0 : rateOf(precision)(setting) }
  })
  return best.reduce((a, b) => (b.rate > a.rate ? b : a))
}

function means(outcomes: readonly Outcome[], side: string) {
  const of = outcomes.filter((outcome) => outcome.side === side)
  const mean = (key: 'seconds' | 'knn' | 'linear') =>
    of.reduce((sum, outcome) => sum + outcome[key], 0) / of.length
  return { side, seeds: of.length, seconds: mean('seconds'), knn: mean('knn'), linear: mean('linear') }
}

async function besideLightly(): Promise<void> {
  const test = given('test', values.test, 'DIR')
  const epochs = values.epochs === undefined ? {} : { epochs: numberOf('epochs', values.epochs, 1) }
  const change: TrainOptions = { augment: { hueMode }, ...epochs }
  const side = hueMode === 'exact' ? preset : `${preset}, ${hueMode} hue`
  const peer = values.peers === undefined ? null : fastest()
  const outcomes: Outcome[] = []
  const say = (outcome: Outcome) => {
    outcomes.push(outcome)
    console.log(JSON.stringify(outcome))
  }
  for (let seed = 0; seed < seeds; seed++) {
    say(await ours(side, seed, { data: folder, test, base: { preset }, change }))
    if (peer === null) continue
    const { precision, setting } = peer
    const name = `lightly, ${precision}, ${describeSetting(setting)}`
    say({ side: name, seed, ...run(precision, setting, ['--seed', seed]) })
  }
  for (const one of new Set(outcomes.map(({ side }) => side)))
    console.log(JSON.stringify(means(outcomes, one)))
}

async function choose(): Promise<void> {
  const { learnt, held } = await holdOut(folder)
  const outcomes: Outcome[] = []
  for (let seed = 0; seed < seeds; seed++) {
    for (const { name, change } of recipes.filter((recipe) => chosen.includes(recipe.name))) {
      const measured = { data: learnt, test: held, base: { preset: 'quick' } as const, change }
      outcomes.push(await ours(name, seed, measured))
      console.error(JSON.stringify(outcomes.at(-1)))
    }
  }
  console.log(
    `${learnt.images.length} images to train on, ${held.images.length} others of the same set to test on\n`,
  )
  console.log('| recipe | seeds | seconds | kNN | linear |\n| --- | ---: | ---: | ---: | ---: |')
  for (const name of chosen) {
    const { seeds, seconds, knn, linear } = means(outcomes, name)
    console.log(`| ${name} | ${seeds} | ${seconds.toFixed(0)} | ${knn.toFixed(3)} | ${linear.toFixed(3)} |`)
  }
}

if (values.choose) await choose()
else await besideLightly()
