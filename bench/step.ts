/**
 * Pairs a second of a whole training step (forward, NT-Xent, backward, SGD) on given views, bf16, all cores. Peer:
 * eager PyTorch, channels_last, bf16 autocast, with all cores' threads and with one; the better is the figure's.
 */
import { availableParallelism } from 'node:os'
import type { Arch, Stem } from '../lib/addon/interface.ts'
import { loadAddon } from '../lib/addon/load.ts'
import { type Benchmark, type Context, type Figure, inTurns, Peer } from './bench.ts'
import { noise } from './views.ts'

interface Setting {
  name: string
  arch: Arch
  stem: Stem
  size: number
  batch: number
  /** Steps in one measurement. */
  steps: number
}

const settings: readonly Setting[] = [
  { name: 'step-r18-imagenet-stem', arch: 'resnet18', stem: 'imagenet', size: 32, batch: 256, steps: 3 },
  { name: 'step-r18-cifar-stem', arch: 'resnet18', stem: 'cifar', size: 32, batch: 64, steps: 2 },
  { name: 'step-r50-64', arch: 'resnet50', stem: 'imagenet', size: 64, batch: 64, steps: 2 },
]

export const step: Benchmark = {
  names: settings.map(({ name }) => name),
  async *run(context: Context, wanted: (name: string) => boolean) {
    for (const setting of settings) if (wanted(setting.name)) yield await measure(setting, context)
  },
}

async function measure(setting: Setting, { rounds, peers: venv }: Context): Promise<Figure> {
  const { name, arch, stem, size, batch, steps } = setting
  const cores = availableParallelism()
  const learner = new (loadAddon().Learner)({
    encoder: { arch, width: 1, stem, convention: 'torch', skRatio: 0 },
    head: { layers: 2, dim: 128, convention: 'torch' },
    loss: { temperature: 0.5, scale: 1, normalize: true },
    optimizer: { name: 'sgd', momentum: 0.9, nesterov: false, weightDecay: 0, decayAll: true },
    classes: 0,
    precision: 'bf16',
    device: 'cpu',
    shards: cores,
    seed: 0,
  })
  const views = noise(2 * batch, size)
  const ours = async () => {
    let seconds = 0
    for (let i = 0; i < steps; i++) seconds += (await learner.stepViews(views, null, 0.01)).stepSeconds
    return (steps * batch) / seconds
  }
  const started: Peer[] = []
  try {
    const sides = [ours]
    if (venv !== null) {
      for (const threads of new Set([cores, 1])) {
        const args = ['--arch', arch, '--stem', stem, '--size', size, '--batch', batch, '--threads', threads]
        const peer = new Peer(venv, 'step.py', args.map(String))
        started.push(peer)
        sides.push(() => peer.measure(`${steps}`))
      }
    }
    const [rate, ...rates] = await inTurns(rounds, sides)
    const peer = rates.length === 0 ? null : Math.max(...rates)
    return {
      name,
      ours: rate!,
      peer,
      unit: 'pairs/s',
      ratio: peer === null ? null : rate! / peer,
      about: `${arch}, ${stem} stem, ${size} px, batch ${batch}, bf16, ${cores} threads; peer: eager PyTorch, the better of ${cores} threads and 1`,
    }
  } finally {
    for (const peer of started) peer[Symbol.dispose]()
    learner.dispose()
  }
}
