/**
 * Whole training, from JPEG files of 32 px to weights: ResNet-18, ImageNet stem, batch 256, all operators. Ours is a
 * process that calls train(); seconds begin before the files are read and end when the encoder is on the disk. Peer:
 * lightly with a DataLoader, tuned first in each precision (`tune`); its seconds begin before the workers start. Both sides
 * without importing their libraries.
 *
 * Waiting is the time from asking for a batch to having it. Ours makes views inside the step, which the figure's text says
 * the share of; lightly's batches are views, so that its waiting has whatever of making them the workers cannot hide.
 * `data-wait-streamed` is ours with every image decoded each time it is needed, as from a set larger than memory.
 */
import { spawnSync } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { sceneStore } from '../../lib/bench/scenes.ts'
import { atLeast, atMost, type Benchmark, type Context, type Measured, oursAtMost } from '../figure.ts'
import { peakOfTree, workScript } from '../measure/memory.ts'
import { peerScript } from '../measure/peer.ts'
import { describeSetting, settingFlags, type Tuned, tune } from '../measure/setting.ts'
import { median } from '../measure/turns.ts'
import { writePictures } from '../work/pictures.ts'

type Precision = Context['precision']

const images = 4096
const epochs = 2

/** What a process of either side prints. */
interface Loop {
  pairsPerSecond: number
  /** Seconds waiting for data over all seconds of the loop. */
  waiting: number
}

/** And what ours adds. */
interface OurLoop extends Loop {
  /** Seconds of making views, inside the step, over all seconds of the loop. */
  making: number
}

interface Side {
  command: string
  args: string[]
}

export const loop: Benchmark = {
  targets: {
    'loop-bf16': atLeast(2),
    'loop-default': atLeast(2.5),
    'loop-memory': atMost(0.5),
    'data-wait': oursAtMost(2),
    'data-wait-streamed': oursAtMost(2),
  },
  async *run(context, asked) {
    const isSlow = context.precision !== 'bf16'
    const wanted = (name: string) => asked(name) && !(isSlow && name === 'loop-bf16')
    if (isSlow && asked('loop-bf16')) {
      const reason = 'bf16 is slow on this processor; `--precision bf16` measures it'
      yield { name: 'loop-bf16', unit: 'pairs/s', reason }
    }
    if (!Object.keys(loop.targets).some(wanted)) return
    const folder = await mkdtemp(join(tmpdir(), 'simclr-bench-'))
    try {
      const store = await sceneStore({ images, width: 32, height: 32, seed: 1 })
      await writePictures(store, folder, 'jpeg', 10)
      store.dispose()
      const { precision, rounds, torch, peers } = context
      const bestIn = once((of) => (peers === null ? null : bestOf(of, folder, context)))
      const streamed = wanted('data-wait-streamed')
      const loopsIn = once((of) =>
        measure(of, { folder, best: bestIn(of), streamed: streamed && of === precision }, context),
      )
      const timed = { rounds, torch }
      if (wanted('loop-bf16')) yield { ...speed('loop-bf16', 'bf16', loopsIn('bf16')), ...timed }
      if (wanted('data-wait')) yield { ...waiting('data-wait', precision, loopsIn(precision)), ...timed }
      if (streamed) yield { ...waiting('data-wait-streamed', precision, loopsIn(precision)), ...timed }
      if (wanted('loop-default')) yield { ...speed('loop-default', 'fp32', loopsIn('fp32')), ...timed }
      if (wanted('loop-memory')) yield await memory(folder, bestIn(precision), context)
    } finally {
      await rm(folder, { recursive: true })
    }
  },
}

/** `make` for each precision that is asked for, and no more than once. */
function once<T>(make: (of: Precision) => T): (of: Precision) => T {
  const made = new Map<Precision, T>()
  return (of) => {
    if (!made.has(of)) made.set(of, make(of))
    return made.get(of)!
  }
}

function ours(folder: string, precision: string, stream = 'auto'): Side {
  const [command, args] = workScript('loop.ts', folder, epochs, precision, stream)
  return { command, args }
}

function theirs(venv: string, folder: string, precision: string, setting: Tuned): Side {
  const what = ['--data', folder, '--precision', precision, '--epochs', `${epochs}`]
  return { command: `${venv}/bin/python`, args: [peerScript('loop.py'), ...what, ...settingFlags(setting)] }
}

function run<T extends Loop>({ command, args }: Side): T {
  const { stdout, status } = spawnSync(command, args, {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  if (status !== 0) throw new Error(`${command} ${args.join(' ')} ended with ${status}.`)
  return JSON.parse(stdout.trim().split('\n').at(-1)!) as T
}

/** The peer's best setting here in a precision, by one run of each as it will be measured. */
function bestOf(
  precision: Precision,
  folder: string,
  { peers: venv, tuned, limits: { cores } }: Context,
): Tuned {
  const rate = (setting: Tuned) => run(theirs(venv!, folder, precision, setting)).pairsPerSecond
  return tune(cores, tuned[precision], rate)
}

function describe(precision: string, best: Tuned | null): string {
  const peer = best === null ? '' : `, its best here: ${describeSetting(best)}`
  return `ResNet-18, ImageNet stem, 32 px, batch 256, ${images} JPEG files, ${epochs} epochs, files to weights; peer: lightly in ${precision}${peer}`
}

/** Both sides' runs, in turns. */
interface Loops {
  best: Tuned | null
  ours: OurLoop[]
  /** Ours without keeping images in memory. */
  streamed: OurLoop[]
  theirs: Loop[]
}

interface Measuring {
  folder: string
  best: Tuned | null
  /** Measure ours without keeping images in memory, too. */
  streamed: boolean
}

/** Each run is a process of its own: there is nothing to warm up. */
function measure(
  precision: Precision,
  { folder, best, streamed }: Measuring,
  { rounds, peers: venv }: Context,
): Loops {
  const loops: Loops = { best, ours: [], streamed: [], theirs: [] }
  for (let round = 0; round < rounds; round++) {
    loops.ours.push(run(ours(folder, own(precision))))
    if (streamed) loops.streamed.push(run(ours(folder, own(precision), 'on')))
    if (best !== null) loops.theirs.push(run(theirs(venv!, folder, precision, best)))
  }
  return loops
}

/** Both sides' defaults: lightly computes in fp32, ours in what the machine does best. */
function own(precision: Precision): string {
  return precision === 'bf16' ? 'bf16' : 'auto'
}

function medianOf<T extends Loop>(loops: readonly T[], value: (loop: T) => number): number | null {
  return loops.length === 0 ? null : median(loops.map(value))
}

function speed(name: string, precision: Precision, loops: Loops) {
  const rate = ({ pairsPerSecond }: Loop) => pairsPerSecond
  return {
    name,
    ours: medianOf(loops.ours, rate)!,
    peer: medianOf(loops.theirs, rate),
    unit: 'pairs/s',
    about: `ours in ${own(precision)}; ${describe(precision, loops.best)}`,
  }
}

/** Both sides' share of waiting, in percent. */
function waiting(name: 'data-wait' | 'data-wait-streamed', precision: Precision, loops: Loops) {
  const percent = ({ waiting }: Loop) => 100 * waiting
  const mine = name === 'data-wait' ? loops.ours : loops.streamed
  const making = 100 * medianOf(mine, ({ making }) => making)!
  const rate = medianOf(mine, ({ pairsPerSecond }) => pairsPerSecond)!
  const how = name === 'data-wait' ? '' : `, every image decoded each time, ${rate.toFixed(0)} pairs/s`
  return {
    name,
    ours: medianOf(mine, percent)!,
    peer: medianOf(loops.theirs, percent),
    unit: '% of the loop',
    about:
      `waiting for batches; ours in ${own(precision)}${how}, views made inside the step, ${making.toFixed(1)} % of the loop; ` +
      `lightly's waiting has making views in it; ${describe(precision, loops.best)}`,
  }
}

async function memory(
  folder: string,
  best: Tuned | null,
  { peers: venv, torch, precision }: Context,
): Promise<Measured> {
  const mine = ours(folder, own(precision))
  const peer = best === null ? null : theirs(venv!, folder, precision, best)
  return {
    name: 'loop-memory',
    ours: await peakOfTree(mine.command, mine.args),
    peer: peer === null ? null : await peakOfTree(peer.command, peer.args),
    unit: 'MB',
    about: `peak of all processes together; ours in ${own(precision)}; ${describe(precision, best)}`,
    rounds: 1,
    torch,
  }
}
