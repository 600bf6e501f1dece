/**
 * Whole training, from JPEG files of 32 px to weights: ResNet-18, ImageNet stem, batch 256, all operators. Ours is a
 * process that calls train(); seconds begin before the files are read and end when the encoder is on the disk. Peer:
 * lightly with a DataLoader, tuned first in each precision: the best of no workers, half as many as cores, as many, and 1
 * or all cores' threads; its seconds begin before the workers start. Both sides without importing their libraries.
 */
import { spawnSync } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { sceneStore } from '../../lib/bench/scenes.ts'
import { atLeast, atMost, type Benchmark, type Context, type Measured, type Tuned } from '../figure.ts'
import { peakOfTree, workScript } from '../measure/memory.ts'
import { peerScript } from '../measure/peer.ts'
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

interface Side {
  command: string
  args: string[]
}

export const loop: Benchmark = {
  targets: {
    'loop-bf16': atLeast(2),
    'loop-default': atLeast(2.5),
    'loop-memory': atMost(0.5),
    'data-wait': null,
  },
  async *run(context, wanted) {
    const folder = await mkdtemp(join(tmpdir(), 'simclr-bench-'))
    try {
      const store = await sceneStore({ images, width: 32, height: 32, seed: 1 })
      await writePictures(store, folder, 'jpeg', 10)
      store.dispose()
      const { precision, rounds, torch } = context
      const bestIn = once((of) =>
        context.peers === null ? null : (context.tuned[of] ?? tune(of, folder, context)),
      )
      const loopsIn = once((of) => measure(of, folder, bestIn(of), context))
      const timed = { rounds, torch }
      if (wanted('loop-bf16')) {
        if (precision === 'bf16') yield { ...speed('loop-bf16', 'bf16', loopsIn('bf16')), ...timed }
        else console.error('loop-bf16 is left out: bf16 is slow here (`--precision bf16` measures it)')
      }
      if (wanted('data-wait')) yield { ...waiting(precision, loopsIn(precision)), ...timed }
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

function ours(folder: string, precision: string): Side {
  const [command, args] = workScript('loop.ts', folder, epochs, precision)
  return { command, args }
}

function theirs(venv: string, folder: string, precision: string, { workers, threads }: Tuned): Side {
  const options = { data: folder, precision, workers, threads, epochs }
  const args = Object.entries(options).flatMap(([name, value]) => [`--${name}`, `${value}`])
  return { command: `${venv}/bin/python`, args: [peerScript('loop.py'), ...args] }
}

function run({ command, args }: Side): Loop {
  const { stdout, status } = spawnSync(command, args, {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  if (status !== 0) throw new Error(`${command} ${args.join(' ')} ended with ${status}.`)
  return JSON.parse(stdout.trim().split('\n').at(-1)!) as Loop
}

/** The peer's best setting here in a precision, by one run of each as it will be measured. */
function tune(precision: Precision, folder: string, { peers: venv, limits: { cores } }: Context): Tuned {
  const settings = [...new Set([0, Math.ceil(cores / 2), cores])].flatMap((workers) =>
    [...new Set([1, cores])].map((threads) => ({ workers, threads })),
  )
  const rate = (setting: Tuned) => run(theirs(venv!, folder, precision, setting)).pairsPerSecond
  const rated = settings.map((setting) => ({ setting, rate: rate(setting) }))
  return rated.reduce((a, b) => (b.rate > a.rate ? b : a)).setting
}

function describe(precision: string, best: Tuned | null): string {
  const peer = best === null ? '' : ` with ${best.workers} workers and ${best.threads} threads, its best here`
  return `ResNet-18, ImageNet stem, 32 px, batch 256, ${images} JPEG files, ${epochs} epochs, files to weights; peer: lightly in ${precision}${peer}`
}

/** Both sides' runs, in turns. */
interface Loops {
  best: Tuned | null
  ours: Loop[]
  theirs: Loop[]
}

/** Each run is a process of its own: there is nothing to warm up. */
function measure(
  precision: Precision,
  folder: string,
  best: Tuned | null,
  { rounds, peers: venv }: Context,
): Loops {
  const loops: Loops = { best, ours: [], theirs: [] }
  for (let round = 0; round < rounds; round++) {
    loops.ours.push(run(ours(folder, own(precision))))
    if (best !== null) loops.theirs.push(run(theirs(venv!, folder, precision, best)))
  }
  return loops
}

/** Both sides' defaults: lightly computes in fp32, ours in what the machine does best. */
function own(precision: Precision): string {
  return precision === 'bf16' ? 'bf16' : 'auto'
}

function medianOf(loops: readonly Loop[], value: (loop: Loop) => number): number | null {
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
function waiting(precision: Precision, loops: Loops) {
  const percent = ({ waiting }: Loop) => 100 * waiting
  return {
    name: 'data-wait',
    ours: medianOf(loops.ours, percent)!,
    peer: medianOf(loops.theirs, percent),
    unit: '% of the loop',
    about: `waiting for batches (should be below 2 %); ours in ${own(precision)}; ${describe(precision, loops.best)}`,
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
