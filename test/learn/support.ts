import type { LearnerSpec, NativeLearner, NativeTensor, OptimizerSpec } from '../../lib/addon/interface.ts'
import { loadAddon } from '../../lib/addon/load.ts'

/** LARS as the paper's code has it. */
export const paperLars: OptimizerSpec & { name: 'lars' } = {
  name: 'lars',
  convention: 'paper',
  momentum: 0.9,
  nesterov: false,
  weightDecay: 1e-4,
  trustCoefficient: 0.001,
  classicMomentum: true,
  epsilon: 0,
}

/** The paper's recipe, small: changes to tinySpec. */
export const paper: Partial<LearnerSpec> = {
  encoder: { arch: 'resnet18', width: 0.125, stem: 'cifar', convention: 'paper', skRatio: 0 },
  head: { layers: 3, dim: 16, convention: 'paper' },
  loss: { temperature: 0.1, scale: 2, normalize: true },
  optimizer: paperLars,
}

/** A small learner of the torch convention; override what a test is about. */
export function tinySpec(overrides: Partial<LearnerSpec> = {}): LearnerSpec {
  return {
    encoder: { arch: 'resnet18', width: 0.125, stem: 'cifar', convention: 'torch', skRatio: 0 },
    head: { layers: 2, dim: 16, convention: 'torch' },
    loss: { temperature: 0.5, scale: 1, normalize: true },
    optimizer: { name: 'sgd', momentum: 0.9, nesterov: false, weightDecay: 5e-4, decayAll: true },
    classes: 0,
    precision: 'fp64',
    device: 'cpu',
    shards: 1,
    seed: 7,
    ...overrides,
  }
}

/** Runs `work` with a learner and disposes of it whatever happens. */
export async function withLearner<T>(
  spec: LearnerSpec,
  work: (learner: NativeLearner) => Promise<T>,
): Promise<T> {
  const learner = new (loadAddon().Learner)(spec)
  try {
    return await work(learner)
  } finally {
    learner.dispose()
  }
}

/** Views [rows, size, size, 3] with structure and noise, a function of `seed`. */
export function views(rows: number, size: number, seed = 1): NativeTensor {
  const values = new Float32Array(rows * size * size * 3)
  let state = seed >>> 0
  for (let i = 0; i < values.length; i++) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    values[i] = 0.5 * Math.sin(i * 0.013 * (1 + (i % 3))) + state / 2 ** 32
  }
  return { name: 'views', dtype: 'F32', shape: [rows, size, size, 3], data: new Uint8Array(values.buffer) }
}

export function floats(tensor: NativeTensor): Float32Array | Float64Array {
  const buffer = tensor.data.slice().buffer
  return tensor.dtype === 'F64' ? new Float64Array(buffer) : new Float32Array(buffer)
}

/** Largest relative L2 distance over tensors of the same names; compares names too. */
export function distance(a: NativeTensor[], b: NativeTensor[]): number {
  const others = new Map(b.map((tensor) => [tensor.name, tensor]))
  if (others.size !== a.length) throw new Error(`${a.length} tensors against ${others.size}`)
  let worst = 0
  for (const tensor of a) {
    const other = others.get(tensor.name)
    if (!other) throw new Error(`no ${tensor.name}`)
    if (tensor.dtype === 'I64') continue
    const x = floats(tensor)
    const y = floats(other)
    let difference = 0
    let norm = 0
    for (let i = 0; i < x.length; i++) {
      difference += (x[i]! - y[i]!) ** 2
      norm += x[i]! ** 2
    }
    worst = Math.max(worst, Math.sqrt(difference) / Math.max(Math.sqrt(norm), 1e-12))
  }
  return worst
}

/** Uniform in [-1, 1), a function of `seed`. */
export function random(
  name: string,
  shape: number[],
  seed: number,
  dtype: 'F32' | 'F64' = 'F64',
): NativeTensor {
  const count = shape.reduce((a, b) => a * b, 1)
  const values = dtype === 'F64' ? new Float64Array(count) : new Float32Array(count)
  let state = seed >>> 0
  for (let i = 0; i < values.length; i++) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    values[i] = state / 2 ** 31 - 1
  }
  return { name, dtype, shape, data: new Uint8Array(values.buffer) }
}
