/** `ops.resnet`: the encoder with its projection head on arrays, to look into or to build on. */
import { z } from 'zod'
import type { NativeTensor } from '../addon/interface.ts'
import { loadAddon } from '../addon/load.ts'
import { arches, conventions, width as factor } from '../config/groups.ts'
import { atRest } from '../config/learner-spec.ts'
import { validate } from '../config/messages.ts'
import { choice, integer, option, real, text } from '../config/option.ts'
import type { Must, Same } from '../config/same.ts'
import { tensorFrom, toFloat64 } from '../io/tensor.ts'
import { checkImages } from './arrays.ts'
import type { ResnetOptions } from './types.ts'

const defaults = {
  arch: 'resnet18',
  width: 1,
  stem: 'imagenet',
  convention: 'paper',
  skRatio: 0,
  headLayers: 2,
  headDim: 128,
  precision: 'fp32',
  seed: 0,
  device: 'cpu',
} as const

export const resnetOptions = z.strictObject({
  arch: option(choice(arches), { about: 'ResNet depth.', default: defaults.arch }),
  width: option(factor, { about: 'Multiplies every channel count.', default: String(defaults.width) }),
  stem: option(choice(['imagenet', 'cifar', 'stride2']), {
    about: "First layers: 'imagenet' 7x7/2 and max pool, 'cifar' 3x3/1, 'stride2' 3x3/2 without pool.",
    default: defaults.stem,
  }),
  convention: option(choice(conventions), {
    about: 'Geometry, padding, running variance and initialisation.',
    default: defaults.convention,
  }),
  skRatio: option(real(0, 1), {
    about: "Selective kernels' squeeze ratio: 0 for none, 0.0625 in SimCLR v2.",
    default: String(defaults.skRatio),
  }),
  headLayers: option(integer(0, 8), {
    about: 'Layers of the projection head; 0 for none.',
    default: String(defaults.headLayers),
  }),
  headDim: option(integer(1), { about: 'Outputs of the head.', default: String(defaults.headDim) }),
  precision: option(choice(['fp32', 'tf32', 'bf16', 'fp16', 'fp64']), {
    about: 'Arithmetic.',
    default: defaults.precision,
  }),
  seed: option(integer(0), { about: 'Of the initial weights.', default: String(defaults.seed) }),
  device: option(text("'cpu', 'cuda' or 'cuda:N'", 'value'), {
    about: 'Where to compute.',
    default: defaults.device,
  }),
})
export type { ResnetOptions }

type _Options = Must<Same<ResnetOptions, z.input<typeof resnetOptions>>>

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
    options?: { training?: boolean | undefined },
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
    arch = defaults.arch,
    width = defaults.width,
    stem = defaults.stem,
    convention = defaults.convention,
    skRatio = defaults.skRatio,
    headLayers = defaults.headLayers,
    headDim = defaults.headDim,
    precision = defaults.precision,
    seed = defaults.seed,
    device = defaults.device,
  } = validate(resnetOptions, options)
  const learner = new (loadAddon().Learner)({
    encoder: { arch, width, stem, convention, skRatio },
    head: { layers: headLayers, dim: headDim, convention },
    ...atRest,
    precision,
    device,
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
