/** The training step that is measured: its settings, its learner, its input. */
import type { Arch, LearnerSpec, NativeLearner, NativeTensor, Stem } from '../../lib/addon/interface.ts'
import { loadAddon } from '../../lib/addon/load.ts'

export interface StepSetting {
  arch: Arch
  stem: Stem
  size: number
  batch: number
  precision: StepPrecision
}

export type StepPrecision = 'bf16' | 'fp32'

/** SGD, torchvision's geometry. */
export function stepSpec({ arch, stem, precision }: StepSetting, shards: number): LearnerSpec {
  return {
    encoder: { arch, width: 1, stem, convention: 'torch', skRatio: 0 },
    head: { layers: 2, dim: 128, convention: 'torch' },
    loss: { temperature: 0.5, scale: 1, normalize: true },
    optimizer: { name: 'sgd', momentum: 0.9, nesterov: false, weightDecay: 0, decayAll: true },
    classes: 0,
    precision,
    device: 'cpu',
    shards,
    seed: 0,
  }
}

/** One shard a core. */
export function stepLearner(setting: StepSetting, cores: number): NativeLearner {
  return new (loadAddon().Learner)(stepSpec(setting, cores))
}

/** Views [2 * batch, size, size, 3], uniform in [-1, 1). */
export function stepViews({ batch, size }: Pick<StepSetting, 'batch' | 'size'>): NativeTensor {
  const rows = 2 * batch
  const values = noise(rows * size * size * 3)
  return { name: 'views', dtype: 'F32', shape: [rows, size, size, 3], data: new Uint8Array(values.buffer) }
}

/** Uniform in [-1, 1), the same every time. */
export function noise(length: number): Float32Array<ArrayBuffer> {
  const values = new Float32Array(length)
  let state = 1
  for (let i = 0; i < length; i++) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    values[i] = state / 2 ** 31 - 1
  }
  return values
}

/** Pairs a second over `steps` steps, after one that does not count: the other side has just had the caches. */
export async function stepRate(
  learner: NativeLearner,
  views: NativeTensor,
  { batch }: Pick<StepSetting, 'batch'>,
  steps: number,
): Promise<number> {
  const step = async () => (await learner.stepViews(views, null, 0.01)).stepSeconds
  await step()
  let seconds = 0
  for (let i = 0; i < steps; i++) seconds += await step()
  return (steps * batch) / seconds
}

/** Arguments of bench/peers/step.py, but for its threads. */
export function peerArguments({ arch, stem, size, batch, precision }: StepSetting): (string | number)[] {
  return ['--arch', arch, '--stem', stem, '--size', size, '--batch', batch, '--precision', precision]
}
