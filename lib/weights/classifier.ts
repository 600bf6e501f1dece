/**
 * The classifier that was trained with an encoder: torchvision's `fc`, the names of its classes, and the layers of the
 * projection head between the two where some were kept.
 */
import type { Addon, NativeTensor } from '../addon/interface.ts'
import { tensorFrom, toFloat32 } from '../io/tensor.ts'
import { denseLayers, isOfHead, type KeptHead, type KeptLayers, keptHead } from './kept-head.ts'

export interface Classifier {
  /** [classes, features] */
  weight: Float32Array
  /** [classes] */
  bias: Float32Array
  /** Class i's name; its number where the training images had no names. */
  classes: string[]
  /** What the features go through first; null: nothing. */
  head: KeptHead | null
}

/**
 * The classifier among `tensors`, its two under `prefix`, on so many `kept` layers; null where they are not there or do
 * not fit `classes`.
 */
export function classifierOf(
  tensors: readonly NativeTensor[],
  prefix: string,
  classNames: readonly string[] | null,
  kept: KeptLayers | null,
): Classifier | null {
  const [weight, bias] = ['weight', 'bias'].map((name) =>
    tensors.find((tensor) => tensor.name === prefix + name),
  )
  if (!weight || !bias) return null
  const count = bias.shape[0]!
  const classes = classNames ? [...classNames] : Array.from({ length: count }, (_, i) => String(i))
  if (classes.length !== count || weight.shape[0] !== count) return null
  const head = kept && keptHead(tensors, kept)
  if (kept && kept.layers > 0 && head === null) return null
  return { weight: toFloat32(weight), bias: toFloat32(bias), classes, head }
}

/** Probabilities [n, classes] for features [n, dim] of the encoder. */
export function classProbabilities(
  addon: Pick<Addon, 'classProbabilities'>,
  { weight, bias, head }: Classifier,
  features: Float32Array,
): Promise<Float32Array> {
  return addon.classProbabilities(features, weight, bias, head ? denseLayers(head) : [])
}

/** As an encoder file has them. */
export function classifierTensors({ weight, bias, classes, head }: Classifier): NativeTensor[] {
  const count = classes.length
  return [
    ...(head?.tensors ?? []),
    tensorFrom('fc.weight', [count, weight.length / count], weight),
    tensorFrom('fc.bias', [count], bias),
  ]
}

/** Is this one of the classifier's tensors in an encoder file? */
export function isClassifier(name: string): boolean {
  return name.startsWith('fc.') || isOfHead(name)
}
