/** step-memory.ts ARCH STEM SIZE BATCH PRECISION CORES: prints the MB that network and steps add to this process's peak. */
import { loadAddon } from '../../lib/addon/load.ts'
import { peakMegabytes } from '../measure/memory.ts'
import { type StepSetting, stepLearner, stepRate, stepViews } from './step.ts'

const [arch, stem, size, batch, precision, cores] = process.argv.slice(2)
const setting = { arch, stem, size: Number(size), batch: Number(batch), precision } as StepSetting
const views = stepViews(setting)
loadAddon().ntXent(new Float32Array(64 * 128).fill(1), {
  dim: 128,
  temperature: 0.5,
  scale: 1,
  normalize: true,
}) // LibTorch's own set-up
const before = peakMegabytes()
const learner = stepLearner(setting, Number(cores))
await stepRate(learner, views, setting, 3)
console.log(peakMegabytes() - before)
learner.dispose()
