/**
 * Golden roles to this package's parameter names: the one table for the original's networks. torchvision's and
 * lightly's roles are names already.
 */
import type { Convention } from '../addon/interface.ts'

/** Our parameter's name, and whether its axes are in another order. */
export interface Placement {
  name: string
  /** HWIO → OIHW, IO → OI. */
  transposed: boolean
}

const layers: Record<string, string> = {
  'shortcut.conv': 'downsample.0',
  'shortcut.bn': 'downsample.1',
  'sk.conv': 'conv2.streams',
  'sk.bn': 'conv2.streams_norm',
  'sk.squeeze': 'conv2.squeeze',
  'sk.squeeze_bn': 'conv2.squeeze_norm',
  'sk.expand': 'conv2.expand',
}

const attributes: Record<string, string> = {
  kernel: 'weight',
  gamma: 'weight',
  beta: 'bias',
  bias: 'bias',
  moving_mean: 'running_mean',
  moving_variance: 'running_var',
}

/**
 * Where a role's variable lives. `deepStem`: the stem has three convolutions (selective kernels at 7x7 stems).
 * Undefined for a role there is no place for.
 */
export function place(role: string, convention: Convention, deepStem: boolean): Placement | undefined {
  if (convention === 'torch') {
    return { name: role.startsWith('head.') ? role : `encoder.${role}`, transposed: false }
  }
  const dot = role.lastIndexOf('.')
  const attribute = attributes[role.slice(dot + 1)]
  const layer = paperLayer(role.slice(0, dot), deepStem)
  if (attribute === undefined || layer === undefined) return undefined
  return { name: `${layer}.${attribute}`, transposed: role.endsWith('.kernel') }
}

function paperLayer(role: string, deepStem: boolean): string | undefined {
  const stem = /^stem\.(conv|bn)(\d)$/.exec(role)
  if (stem) {
    const [, kind, index] = stem
    if (deepStem) return `encoder.stem.${3 * Number(index) + (kind === 'bn' ? 1 : 0)}`
    return index === '0' ? `encoder.${kind}1` : undefined
  }
  const block = /^group(\d)\.block(\d+)\.(.+)$/.exec(role)
  if (block) {
    const [, group, index, layer] = block
    const own = layers[layer!] ?? (/^(conv|bn)\d$/.test(layer!) ? layer : undefined)
    return own && `encoder.layer${group}.${index}.${own}`
  }
  const head = /^head\.(\d+)\.(dense|bn)$/.exec(role)
  if (head) return `head.layers.${3 * Number(head[1]) + (head[2] === 'bn' ? 1 : 0)}`
  return role === 'supervised' ? 'classifier' : undefined
}

/** `shape` HWIO or IO as OIHW or OI. */
export function ourShape(shape: number[]): number[] {
  return [...shape.slice(-1), ...shape.slice(-2, -1), ...shape.slice(0, -2)]
}

/** Values in the golden layout `shape` (HWIO, IO) in ours (OIHW, OI). */
export function toOurLayout(values: Float32Array, shape: number[]): Float32Array {
  const out = new Float32Array(values.length)
  const order = ourIndices(shape)
  for (let i = 0; i < out.length; i++) out[order[i]!] = values[i]!
  return out
}

/** Our values (OIHW, OI) in the golden layout `shape` (HWIO, IO). */
export function toGoldenLayout(values: Float64Array, shape: number[]): Float64Array {
  const out = new Float64Array(values.length)
  const order = ourIndices(shape)
  for (let i = 0; i < out.length; i++) out[i] = values[order[i]!]!
  return out
}

/** For each flat index of the golden layout, the flat index of the same weight in ours. */
function ourIndices(shape: number[]): Int32Array {
  const outputs = shape.at(-1)!
  const inputs = shape.at(-2)!
  const count = shape.reduce((product, size) => product * size, 1)
  const window = count / (inputs * outputs)
  const order = new Int32Array(count)
  let golden = 0
  for (let w = 0; w < window; w++) {
    for (let i = 0; i < inputs; i++) {
      for (let o = 0; o < outputs; o++) order[golden++] = (o * inputs + i) * window + w
    }
  }
  return order
}
