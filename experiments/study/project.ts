/** The projection head, outside training: z of features h, from the weights of a checkpoint. */
import type { NativeTensor } from '../../lib/addon/interface.ts'

const epsilon = 1e-5 // of the torch convention's BatchNorm

/** `h` is [rows, dim]; the result [rows, width of z]. The head is dense, BatchNorm, ReLU, dense, BatchNorm. */
export function project(h: Float32Array, dim: number, tensors: readonly NativeTensor[]): Float32Array {
  const byName = new Map(tensors.map((tensor) => [tensor.name, tensor]))
  const values = (name: string) => {
    const tensor = byName.get(`head.layers.${name}`)
    if (tensor?.dtype !== 'F32') throw new Error(`Expected a float32 head.layers.${name} in the checkpoint.`)
    return new Float32Array(tensor.data.slice().buffer)
  }
  const layer = (x: Float32Array, width: number, dense: number) => {
    const out = multiply(x, width, values(`${dense}.weight`))
    const norm = (name: string) => values(`${dense + 1}.${name}`)
    normalize(out, {
      scale: norm('weight'),
      shift: norm('bias'),
      mean: norm('running_mean'),
      variance: norm('running_var'),
    })
    return out
  }
  const hidden = layer(h, dim, 0).map((value) => Math.max(value, 0))
  return layer(hidden, hidden.length / (h.length / dim), 3)
}

/** x [rows, inputs] times the transpose of weight [outputs, inputs]. */
function multiply(x: Float32Array, inputs: number, weight: Float32Array): Float32Array {
  const rows = x.length / inputs
  const outputs = weight.length / inputs
  const out = new Float32Array(rows * outputs)
  for (let row = 0; row < rows; row++) {
    for (let output = 0; output < outputs; output++) {
      let sum = 0
      for (let i = 0; i < inputs; i++) sum += x[row * inputs + i]! * weight[output * inputs + i]!
      out[row * outputs + output] = sum
    }
  }
  return out
}

function normalize(
  x: Float32Array,
  { scale, shift, mean, variance }: Record<'scale' | 'shift' | 'mean' | 'variance', Float32Array>,
): void {
  const width = mean.length
  for (let i = 0; i < x.length; i++) {
    const c = i % width
    x[i] = ((x[i]! - mean[c]!) / Math.sqrt(variance[c]! + epsilon)) * scale[c]! + shift[c]!
  }
}
