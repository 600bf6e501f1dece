/** `ops.resnet`: the encoder with its projection head on arrays, to look into or to build on. */
import { z } from 'zod'
import type { Arch, Convention, NativeTensor, Precision, Stem } from '../addon/interface.ts'
import { loadAddon } from '../addon/load.ts'
import { arches, conventions, width as factor } from '../config/groups.ts'
import { validate } from '../config/messages.ts'
import { choice, integer, option, real, text } from '../config/option.ts'
import { tensorFrom, toFloat64 } from '../io/tensor.ts'
import { checkImages } from './arrays.ts'

export interface ResnetOptions {
  /** Default `resnet18`. */
  arch?: Arch
  /** Multiplies every channel count. Default 1. */
  width?: number
  /** Default `imagenet`. */
  stem?: Stem
  /** Geometry, padding, running variance and initialisation. Default `paper`. */
  convention?: Convention
  /** Selective kernels' squeeze ratio: 0 (default) for none, 0.0625 in SimCLR v2. */
  skRatio?: number
  /** Of the projection head; 0 for none. Default 2. */
  headLayers?: number
  /** Outputs of the head. Default 128. */
  headDim?: number
  /** Default `fp32`. */
  precision?: Precision
  /** Of the initial weights. Default 0. */
  seed?: number
  /** Default `cpu`. */
  device?: string
}

const resnetOptions = z.strictObject({
  arch: option(choice(arches), { about: 'Depth.', default: 'resnet18' }),
  width: option(factor, { about: 'Multiplies every channel count.', default: '1' }),
  stem: option(choice(['imagenet', 'cifar', 'stride2']), { about: 'First layers.', default: 'imagenet' }),
  convention: option(choice(conventions), { about: 'Geometry and initialisation.', default: 'paper' }),
  skRatio: option(real(0, 1), { about: "Selective kernels' squeeze ratio.", default: '0' }),
  headLayers: option(integer(0, 8), { about: 'Of the projection head.', default: '2' }),
  headDim: option(integer(1), { about: 'Outputs of the head.', default: '128' }),
  precision: option(choice(['fp32', 'tf32', 'bf16', 'fp16', 'fp64']), {
    about: 'Arithmetic.',
    default: 'fp32',
  }),
  seed: option(integer(0), { about: 'Of the initial weights.', default: '0' }),
  device: option(text("'cpu', 'cuda' or 'cuda:N'", 'value'), { about: 'Where to compute.', default: 'cpu' }),
})

/** A batch of images, [rows, height, width, 3], as networks take them: floats, normalised as you will. */
export interface ImageBatch {
  data: Float32Array | Float64Array
  shape: [rows: number, height: number, width: number, channels: 3]
}

export interface ResnetModel {
  /** Length of a feature row h. */
  readonly featureDim: number
  readonly parameterCount: { encoder: number; head: number }
  /**
   * Features h [rows, featureDim] (tf2/resnet.py) and projections z [rows, headDim] (tf2/model.py). `training`:
   * batch statistics, and the running ones move; default false, evaluation mode.
   */
  forward(
    images: ImageBatch,
    options?: { training?: boolean },
  ): Promise<{ features: Float64Array; projections: Float64Array | null }>
  /** All weights and running statistics under torchvision's names, prefixed `encoder.` and `head.`. */
  state(): Promise<NativeTensor[]>
  /** Replaces them all; strict. */
  load(tensors: NativeTensor[]): Promise<void>
  /** Frees the network. */
  dispose(): void
  [Symbol.dispose](): void
}

/**
 * A ResNet v1.5 of either convention with fresh weights. Throws ERR_SIMCLR_INVALID_ARGUMENT and ERR_SIMCLR_DEVICE; its
 * `forward` rejects with ERR_SIMCLR_INVALID_ARGUMENT, `load` with ERR_SIMCLR_INCOMPATIBLE_WEIGHTS.
 *
 * @example
 * const net = ops.resnet({ arch: 'resnet18', stem: 'cifar', seed: 1 })
 * const { features } = await net.forward({ data: new Float32Array(2 * 32 * 32 * 3), shape: [2, 32, 32, 3] })
 * net.dispose()
 */
export function resnet(options: ResnetOptions = {}): ResnetModel {
  const {
    arch = 'resnet18',
    width = 1,
    stem = 'imagenet',
    convention = 'paper',
    skRatio = 0,
    headLayers = 2,
    headDim = 128,
    precision = 'fp32',
    seed = 0,
    device = 'cpu',
  } = validate(resnetOptions, options)
  const learner = new (loadAddon().Learner)({
    encoder: { arch, width, stem, convention, skRatio },
    head: { layers: headLayers, dim: headDim, convention },
    loss: { temperature: 0.1, scale: convention === 'paper' ? 2 : 1, normalize: true },
    optimizer: { name: 'sgd', momentum: 0, nesterov: false, weightDecay: 0, decayAll: false },
    classes: 0,
    precision,
    device,
    shards: 1,
    seed,
  })
  return {
    featureDim: learner.featureDim,
    parameterCount: learner.parameterCount,
    async forward(images, { training = false } = {}) {
      checkImages(images)
      const batch = tensorFrom('images', [...images.shape], images.data)
      const { features, projections } = await learner.forward(batch, { training, groups: false })
      return { features: toFloat64(features), projections: projections && toFloat64(projections) }
    },
    async state() {
      return (await learner.state()).filter(({ name }) => !name.startsWith('optimizer.'))
    },
    load: (tensors) => learner.load(tensors),
    dispose: () => learner.dispose(),
    [Symbol.dispose]: () => learner.dispose(),
  }
}
