/**
 * First layers of the projection head that stay after training, for a classifier to stand on (SimCLR v2, §2;
 * `ft_proj_selector` of tf2/model.py): dense, BatchNorm, ReLU.
 */
import type { Convention, DenseLayer, NativeTensor } from '../addon/interface.ts'
import { foldedNorm } from './folded-norm.ts'

/** How many layers, and how they were made. */
export interface KeptLayers {
  layers: number
  convention: Convention
}

export interface KeptHead extends KeptLayers {
  /** As a learner's state and an encoder file have them: `head.layers.0.weight`, `head.layers.1.running_mean`, … */
  tensors: NativeTensor[]
}

const arrays = [
  '0.weight',
  ...['weight', 'bias', 'running_mean', 'running_var', 'num_batches_tracked'].map((name) => `1.${name}`),
].map((name) => name.split('.') as [string, string])

/** Is this one of a head's tensors? */
export function isOfHead(name: string): boolean {
  return name.startsWith('head.')
}

/** The first layers among `tensors`; null where there are none to keep, or not all of them are there. */
export function keptHead(
  tensors: readonly NativeTensor[],
  { layers, convention }: KeptLayers,
): KeptHead | null {
  const known = new Map(tensors.map((tensor) => [tensor.name, tensor]))
  const names = Array.from({ length: layers }, (_, layer) =>
    arrays.map(([place, name]) => `head.layers.${3 * layer + Number(place)}.${name}`),
  ).flat()
  const own = names.flatMap((name) => known.get(name) ?? [])
  return layers > 0 && own.length === names.length ? { layers, convention, tensors: own } : null
}

/** How wide they are. */
export function hiddenWidth({ tensors }: KeptHead): number {
  return tensors.find(({ name }) => name === 'head.layers.0.weight')!.shape[0]!
}

/** What the layers compute in evaluation mode, their BatchNorm folded in; a ReLU follows each. */
export function denseLayers({ layers, tensors }: KeptHead): DenseLayer[] {
  const known = new Map(tensors.map((tensor) => [tensor.name, tensor]))
  return Array.from({ length: layers }, (_, layer) =>
    foldedNorm(
      known.get(`head.layers.${3 * layer}.weight`)!,
      (name) => known.get(`head.layers.${3 * layer + 1}.${name}`)!,
    ),
  )
}
