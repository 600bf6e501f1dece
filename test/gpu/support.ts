import type { KernelCalls, LearnerSpec, NativeTensor } from '../../lib/addon/interface.ts'
import { loadAddon } from '../../lib/addon/load.ts'
import { floats, paperLars, tinySpec, withLearner } from '../learn/support.ts'

/** These tests need a GPU: without one they fail, they do not skip. */
export function needGpu(): void {
  const addon = loadAddon()
  if (addon.getDevices().length < 2) throw new Error(`No GPU to test on. ${addon.gpuProblem()}`)
}

/** The paper's recipe on a small network. */
export const paper: Partial<LearnerSpec> = {
  encoder: { arch: 'resnet18', width: 0.25, stem: 'cifar', convention: 'paper', skRatio: 0 },
  head: { layers: 3, dim: 32, convention: 'paper' },
  loss: { temperature: 0.2, scale: 2, normalize: true },
  optimizer: paperLars,
}

/** What `work` gives, and how often our kernels computed meanwhile. */
export async function countingKernels<T>(
  work: () => T | Promise<T>,
): Promise<{ value: T; calls: KernelCalls }> {
  const before = loadAddon().kernelCalls()
  const value = await work()
  const after = loadAddon().kernelCalls()
  const since = (kernel: keyof KernelCalls) => after[kernel] - before[kernel]
  return {
    value,
    calls: {
      views: since('views'),
      batchNorm: since('batchNorm'),
      contrast: since('contrast'),
      optimizer: since('optimizer'),
    },
  }
}

/** The state after some steps on given views. */
export function stateAfter(
  steps: number,
  batches: (step: number) => NativeTensor,
  spec: Partial<LearnerSpec>,
): Promise<NativeTensor[]> {
  return withLearner(tinySpec(spec), async (learner) => {
    for (let step = 0; step < steps; step++) {
      const labels = Int32Array.from({ length: batches(step).shape[0]! / 2 }, (_, i) => i % 3)
      await learner.stepViews(batches(step), spec.classes ? labels : null, 0.1 / (step + 1))
    }
    return learner.state()
  })
}

/** Relative L2 distance of two arrays. */
export function relative(a: ArrayLike<number>, b: ArrayLike<number>): number {
  let difference = 0
  let norm = 0
  for (let i = 0; i < a.length; i++) {
    difference += (a[i]! - b[i]!) ** 2
    norm += b[i]! ** 2
  }
  return Math.sqrt(difference / Math.max(norm, 1e-30))
}

/** All values of these tensors, one tensor after another. */
export function joined(tensors: NativeTensor[]): Float64Array {
  return Float64Array.from(tensors.flatMap((tensor) => [...floats(tensor)]))
}
