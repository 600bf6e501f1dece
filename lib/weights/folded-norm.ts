/** BatchNorm in evaluation: a scale and a shift of every output, which kernel and bias before it can take over. */
import type { NativeTensor } from '../addon/interface.ts'
import { toFloat64 } from '../io/tensor.ts'

/** native/core/nn/batch_norm_passes.h */
const epsilon = 1e-5

/**
 * Kernel [outputs, …] and bias [outputs] that do what `kernel` and its BatchNorm do; computed in double. `ofNorm` gives the
 * norm's arrays by name.
 */
export function foldedNorm(
  kernel: NativeTensor,
  ofNorm: (name: string) => NativeTensor,
): { weight: Float32Array; bias: Float32Array } {
  const [gamma, beta, mean, variance] = ['weight', 'bias', 'running_mean', 'running_var'].map((name) =>
    toFloat64(ofNorm(name)),
  ) as [Float64Array, Float64Array, Float64Array, Float64Array]
  const scale = gamma.map((value, i) => value / Math.sqrt(variance[i]! + epsilon))
  const values = toFloat64(kernel)
  const each = values.length / scale.length
  return {
    weight: Float32Array.from(values, (value, i) => value * scale[Math.floor(i / each)]!),
    bias: Float32Array.from(beta, (value, i) => value - mean[i]! * scale[i]!),
  }
}
