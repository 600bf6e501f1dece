/**
 * Pairs a second of whole training steps on a GPU, views made there: node --import tsx bench/gpu/step.ts --arch …
 *
 * By the clock on the wall from one step's call to the last one's result, as peers/step.py has it: the median of three
 * measurements after steps that do not count, in which cuDNN times its algorithms.
 */
import { loadAddon } from '../../lib/addon/load.ts'
import { lower, simclrFamily, simclrSettings } from '../../lib/augment/index.ts'
import { arches } from '../../lib/config/groups.ts'
import { numberOf, readFlags, wordOf } from '../../scripts/command-line.mjs'

const { values } = readFlags({
  options: {
    name: { type: 'string', default: 'step' },
    arch: { type: 'string', default: 'resnet18' },
    stem: { type: 'string', default: 'cifar' },
    size: { type: 'string', default: '32' },
    batch: { type: 'string', default: '512' },
    /** In one measurement. */
    steps: { type: 'string', default: '30' },
    /** Steps replayed from a CUDA graph: off, or must. */
    graph: { type: 'string', default: 'off' },
    device: { type: 'string', default: 'cuda:0' },
  },
})
const size = numberOf('size', values.size, 1)
const batch = numberOf('batch', values.batch, 2)
const steps = numberOf('steps', values.steps, 1)
const graph = wordOf('graph', values.graph, ['off', 'must'])
const addon = loadAddon()
const store = new addon.ImageStore(4 * batch)
await store.fillScenes({ seed: 1, first: 0, count: 4 * batch, size })
const augmenter = new addon.Augmenter(
  lower(simclrFamily(simclrSettings('paper', size, size <= 32 ? 0.5 : 1)), size),
)
const learner = new addon.Learner({
  encoder: {
    arch: wordOf('arch', values.arch, arches),
    width: 1,
    stem: wordOf('stem', values.stem, ['imagenet', 'cifar', 'stride2']),
    convention: 'torch',
    skRatio: 0,
  },
  head: { layers: 2, dim: 128, convention: 'torch' },
  loss: { temperature: 0.5, scale: 1, normalize: true },
  optimizer: {
    name: 'lars',
    convention: 'paper',
    momentum: 0.9,
    nesterov: false,
    weightDecay: 1e-6,
    trustCoefficient: 0.001,
    classicMomentum: true,
    epsilon: 0,
  },
  classes: 0,
  precision: 'bf16',
  device: values.device,
  shards: 4,
  seed: 0,
  graph,
})
let taken = 0
const viewsOn = new Set<string | null>()

/** Seconds of each of so many steps. */
async function measure(count: number): Promise<number> {
  const begin = performance.now()
  for (let step = 0; step < count; step++, taken++) {
    const indices = Uint32Array.from({ length: batch }, (_, i) => (taken * batch + i) % (4 * batch))
    const options = { indices, epochs: new Uint32Array(batch).fill(taken), seed: 1, views: 2, labels: null }
    viewsOn.add((await learner.step(augmenter.batch(store, options), 0.1)).viewsOn)
  }
  return (performance.now() - begin) / 1000 / count
}

await measure(Math.ceil(steps / 3))
const seconds: number[] = []
for (let measurement = 0; measurement < 3; measurement++) seconds.push(await measure(steps))
learner.dispose()
const median = seconds.sort((a, b) => a - b)[1]!
const { name, arch } = values
console.log(
  JSON.stringify({
    name,
    arch,
    size,
    batch,
    graph,
    viewsOn: [...viewsOn].join(', '),
    milliseconds: median * 1e3,
    pairsPerSecond: batch / median,
  }),
)
