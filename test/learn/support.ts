import { expect } from 'chai'
import type {
  GradientResult,
  LearnerSpec,
  NativeLearner,
  NativeTensor,
  OptimizerSpec,
} from '../../lib/addon/interface.ts'
import { loadAddon } from '../../lib/addon/load.ts'
import { elementCount, tensorFrom, toFloat64 } from '../../lib/io/tensor.ts'

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

/** AdamW as torch.optim has it. */
export const adamw: OptimizerSpec & { name: 'adam' | 'adamw' } = {
  name: 'adamw',
  convention: 'torch',
  beta1: 0.9,
  beta2: 0.999,
  epsilon: 1e-8,
  weightDecay: 0.01,
  decayAll: false,
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

export const oneViewLoss = { temperature: 0.5, scale: 1, normalize: true, views: 1 } as const

/** One view of each image, three classes. */
export function supervisedSpec(overrides: Partial<LearnerSpec> = {}): LearnerSpec {
  return tinySpec({ loss: oneViewLoss, classes: 3, supervised: true, ...overrides })
}

/** Of seven images; the fourth has none. */
export const sevenLabels = Int32Array.from([0, 1, 2, -1, 1, 0, 2])

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

/**
 * Largest relative L2 distance over tensors of the same names and shapes, whatever their types: |a - b| / max(|a|, |b|),
 * which is 0 for two zeros and 1 for a zero and anything else. Values that are not finite are an error.
 */
export function distance(a: readonly NativeTensor[], b: readonly NativeTensor[]): number {
  const names = (tensors: readonly NativeTensor[]) => tensors.map(({ name }) => name).sort()
  expect(names(b)).to.deep.equal(names(a)).and.not.be.empty
  const others = new Map(b.map((tensor) => [tensor.name, tensor]))
  return Math.max(...a.map((tensor) => relative(tensor, others.get(tensor.name)!)))
}

function relative(a: NativeTensor, b: NativeTensor): number {
  expect(b.shape, a.name).to.deep.equal(a.shape)
  const [x, y] = [toFloat64(a), toFloat64(b)]
  expect([x.length, y.length], a.name).to.deep.equal([elementCount(a.shape), elementCount(a.shape)])
  let difference = 0
  let [ofA, ofB] = [0, 0]
  for (let i = 0; i < x.length; i++) {
    difference += (x[i]! - y[i]!) ** 2
    ofA += x[i]! ** 2
    ofB += y[i]! ** 2
  }
  if (!Number.isFinite(difference)) throw new Error(`Expected finite values in ${a.name}.`)
  return difference === 0 ? 0 : Math.sqrt(difference / Math.max(ofA, ofB))
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

/** A tensor's values rounded to eighths, which bf16 has, too: sums of their products are exact in float32. */
export function eighths(tensor: NativeTensor): NativeTensor {
  const values = floats(tensor).map((value) => Math.round(8 * value) / 8)
  return { ...tensor, data: new Uint8Array(values.buffer) }
}

/**
 * A batch that 1, 2 and 3 shards share is one batch, to rounding: loss, share of right answers, every gradient and the state. In
 * fp64. Returns the gradients of one shard.
 */
export async function expectOneBatch(
  specOf: (shards: number) => LearnerSpec,
  given: NativeTensor,
  labels: Int32Array | null,
): Promise<GradientResult> {
  const run = (shards: number) =>
    withLearner(specOf(shards), async (learner) => ({
      gradients: await learner.gradients(given, labels),
      state: await learner.state(),
    }))
  const one = await run(1)
  for (const many of [await run(2), await run(3)]) {
    expect(many.gradients.loss).to.be.closeTo(one.gradients.loss, 1e-12)
    expect(many.gradients.probeAccuracy).to.equal(one.gradients.probeAccuracy)
    expect(distance(one.gradients.gradients, many.gradients.gradients)).to.be.below(1e-10)
    expect(distance(one.state, many.state)).to.be.below(1e-10)
  }
  return one.gradients
}

/** The gradients of arrays, by name, are the slopes of the loss along a direction of each: central differences, fp64. */
export async function expectSlopes(
  learner: NativeLearner,
  given: NativeTensor,
  labels: Int32Array | null,
  names: readonly string[],
): Promise<void> {
  const start = await learner.state()
  const { gradients } = await learner.gradients(given, labels)
  for (const name of names) {
    const gradient = floats(gradients.find((tensor) => tensor.name === name)!)
    const direction = floats(random(name, [gradient.length], 5))
    const lossAt = async (distance: number) => {
      await learner.load(
        start.map((tensor) => (tensor.name === name ? moved(tensor, direction, distance) : tensor)),
      )
      return (await learner.gradients(given, labels)).loss
    }
    const step = 1e-6
    const slope = ((await lossAt(step)) - (await lossAt(-step))) / (2 * step)
    const expected = Array.from(gradient).reduce((sum, value, i) => sum + value * direction[i]!, 0)
    expect(Math.abs(expected), name).to.be.above(1e-4)
    expect(slope, name).to.be.closeTo(expected, 1e-6 * (1 + Math.abs(expected)))
  }
}

function moved(tensor: NativeTensor, direction: Float32Array | Float64Array, by: number): NativeTensor {
  const values = Float64Array.from(floats(tensor), (value, i) => value + by * direction[i]!)
  return tensorFrom(tensor.name, tensor.shape, values)
}
