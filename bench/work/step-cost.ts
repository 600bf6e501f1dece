/**
 * step-cost.ts ARCH STEM SIZE BATCH CORES STEPS MODE: prints, as JSON, the MB that network and steps add to this process's
 * peak, and images a second. MODE: `plain`, `recompute`, or a chunk's images. Batches are views made from a store, as
 * in training.
 */
import type { LearnerSpec } from '../../lib/addon/interface.ts'
import { loadAddon } from '../../lib/addon/load.ts'
import { lower, recipes } from '../../lib/augment/index.ts'
import { peakMegabytes } from '../measure/memory.ts'
import { type StepSetting, stepSpec } from './step.ts'

const [arch, stem, size, batch, cores, steps, mode] = process.argv.slice(2)
const setting = { arch, stem, size: Number(size), batch: Number(batch), precision: 'bf16' } as StepSetting
const memory: Partial<LearnerSpec> =
  mode === 'plain' ? {} : mode === 'recompute' ? { recompute: true } : { chunkSize: Number(mode) }
const addon = loadAddon()
const count = setting.batch
const store = new addon.ImageStore(count)
await store.fillScenes({ seed: 1, first: 0, count, size: setting.size })
const augmenter = new addon.Augmenter(lower(recipes.torchCifar.family, setting.size))
const indices = Uint32Array.from({ length: count }, (_, i) => i)
const batchOf = (epoch: number) =>
  augmenter.batch(store, {
    indices,
    epochs: new Uint32Array(count).fill(epoch),
    seed: 1,
    views: 2,
    labels: null,
  })
addon.ntXent(new Float32Array(64 * 128).fill(1), { dim: 128, temperature: 0.5, scale: 1, normalize: true }) // LibTorch's own set-up
const before = peakMegabytes()
const learner = new addon.Learner({ ...stepSpec(setting, Number(cores)), ...memory })
await learner.step(batchOf(0), 0.01)
let seconds = 0
for (let step = 1; step <= Number(steps); step++)
  seconds += (await learner.step(batchOf(step), 0.01)).stepSeconds
learner.dispose()
console.log(
  JSON.stringify({
    megabytes: peakMegabytes() - before,
    imagesPerSecond: (Number(steps) * count) / seconds,
  }),
)
