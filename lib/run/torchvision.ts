/**
 * State dicts of torchvision's ResNet, as a .safetensors file. In the torch convention our encoder has its names
 * and shapes and computes what it computes; in the paper's convention it does not (padding of the stem's pooling,
 * projection in the first group), though the names of a ResNet-50 are the same.
 */
import { SimclrError } from '../addon/errors.ts'
import type { Arch, EncoderSpec, NativeTensor } from '../addon/interface.ts'
import { imagenetMean, imagenetStd } from '../augment/recipes.ts'
import { tensorFrom } from '../io/tensor.ts'

/** An array that makes torchvision's strict loading fail, with its name in the message. */
const paperMark = 'paper_convention_which_torchvision_cannot_hold'

/** The tensors of an encoder file: those of the paper's convention marked. */
export function marked(tensors: readonly NativeTensor[], { convention }: EncoderSpec): NativeTensor[] {
  if (convention === 'torch') return [...tensors]
  return [...tensors, tensorFrom(paperMark, [1], new Float32Array(1))]
}

/** The encoder's own tensors. */
export function unmarked(tensors: readonly NativeTensor[]): NativeTensor[] {
  return tensors.filter(({ name }) => name !== paperMark)
}

/** Blocks of the four groups and whether they are bottlenecks. */
const arches: Record<string, Arch> = {
  '2,2,2,2 basic': 'resnet18',
  '3,4,6,3 basic': 'resnet34',
  '3,4,6,3 bottleneck': 'resnet50',
  '3,4,23,3 bottleneck': 'resnet101',
  '3,8,36,3 bottleneck': 'resnet152',
  '3,24,36,3 bottleneck': 'resnet200',
}

const baseWidth = 64

/** What torchvision's ImageNet weights expect; a CIFAR stem takes CIFAR's size. */
function preprocessingOf(stem: EncoderSpec['stem']) {
  return {
    imageSize: stem === 'imagenet' ? 224 : 32,
    convention: 'torch' as const,
    normalize: { mean: imagenetMean, std: imagenetStd },
  }
}

/**
 * A state dict of torchvision's ResNet (any width, 7x7 stem or CIFAR's 3x3) as encoder weights; the classifier
 * `fc` is left out, a prefix such as `module.` or `backbone.` too. Undefined where the names are not
 * torchvision's. Throws ERR_SIMCLR_INCOMPATIBLE_WEIGHTS for the paper's convention and for an unknown depth.
 */
export function fromTorchvision(path: string, tensors: readonly NativeTensor[]) {
  const stem = tensors.find(
    ({ name, shape }) => /(^|\.)conv1\.weight$/.test(name) && shape.length === 4 && shape[1] === 3,
  )
  if (!stem) return undefined
  if (tensors.some(({ name }) => name === paperMark)) {
    throw new SimclrError(
      'ERR_SIMCLR_INCOMPATIBLE_WEIGHTS',
      `Expected the metadata of an encoder in the paper's convention but ${path} has lost them. Use the encoder.safetensors that simclr wrote.`,
    )
  }
  const prefix = stem.name.slice(0, -'conv1.weight'.length)
  const own = tensors
    .filter(
      ({ name }) => name.startsWith(prefix) && /^(conv1|bn1|layer[1-4])\./.test(name.slice(prefix.length)),
    )
    .map((tensor) => ({ ...tensor, name: tensor.name.slice(prefix.length) }))

  const names = new Set(own.map(({ name }) => name))
  const blocks = [1, 2, 3, 4].map((group) => {
    let count = 0
    while (names.has(`layer${group}.${count}.conv1.weight`)) count++
    return count
  })
  const kind = names.has('layer1.0.conv3.weight') ? 'bottleneck' : 'basic'
  const arch = arches[`${blocks} ${kind}`]
  if (arch === undefined) {
    throw new SimclrError(
      'ERR_SIMCLR_INCOMPATIBLE_WEIGHTS',
      `Expected a ResNet-18, 34, 50, 101, 152 or 200 but ${path} has ${blocks.join(', ')} ${kind} blocks.`,
    )
  }
  const spec: EncoderSpec = {
    arch,
    width: stem.shape[0]! / baseWidth,
    stem: stem.shape[2] === 7 ? 'imagenet' : 'cifar',
    convention: 'torch',
    skRatio: 0,
  }
  return { spec, preprocessing: preprocessingOf(spec.stem), tensors: [...own, ...batchCounts(own)] }
}

/** Zeros for the counts of batches that old and stripped state dicts lack: PyTorch reads them only where momentum is none. */
function batchCounts(tensors: readonly NativeTensor[]): NativeTensor[] {
  const names = new Set(tensors.map(({ name }) => name))
  return tensors
    .filter(({ name }) => name.endsWith('.running_mean'))
    .map(({ name }) => name.replace(/running_mean$/, 'num_batches_tracked'))
    .filter((name) => !names.has(name))
    .map((name) => ({ name, dtype: 'I64', shape: [], data: new Uint8Array(8) }))
}
