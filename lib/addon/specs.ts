/** What a network and its training are made of, as the addon is told: part of the boundary (interface.ts). */

import type { NativeGroup } from './group.ts'

/** One named array, bytes little-endian in safetensors' order. */
export interface NativeTensor {
  name: string
  dtype: 'F64' | 'F32' | 'BF16' | 'F16' | 'I64' | 'I32' | 'U8'
  shape: number[]
  data: Uint8Array
}

/** `tf32`: float32 whose products have 10-bit mantissas, on a GPU. */
export type Precision = 'fp32' | 'tf32' | 'bf16' | 'fp16' | 'fp64'
/** `paper`: google-research/simclr (tf2); `torch`: torchvision and lightly. */
export type Convention = 'paper' | 'torch'
export type Arch = 'resnet18' | 'resnet34' | 'resnet50' | 'resnet101' | 'resnet152' | 'resnet200'
/** `imagenet`: 7x7/2 and a 3x3/2 max pool; `cifar`: 3x3/1, no pool; `stride2`: 3x3/2, no pool. */
export type Stem = 'imagenet' | 'cifar' | 'stride2'

export interface EncoderSpec {
  arch: Arch
  /** Multiplies every channel count; 1, 2, 4 in the paper, fractions allowed (multiples of 1/8). */
  width: number
  stem: Stem
  /** Geometry, padding, running-variance and initialisation convention. */
  convention: Convention
  /** Selective kernels: 0 = none, 0.0625 in SimCLR v2 (paper convention only). */
  skRatio: number
}

export interface HeadSpec {
  /** 0 = none, 1 = linear, 2 = SimCLR v1, 3 = SimCLR v2. */
  layers: number
  /** Output dimension. */
  dim: number
  /** Width of the layers before the last one; null and absent: that of the features. */
  hidden?: number | null
  /** `paper`: last BN has no shift, N(0, 0.01) init; `torch`: lightly's. */
  convention: Convention
  /** First layers that the classifier of a supervised learner stands on, fewer than `layers`. Default 0. */
  keep?: number
}

export type OptimizerSpec =
  | {
      name: 'lars'
      /** `paper`: lr inside the buffer, no epsilon; `torch`: lightly's form. */
      convention: Convention
      momentum: number
      nesterov: boolean
      weightDecay: number
      trustCoefficient: number
      /** paper only: classic momentum (lr inside the buffer) or the "popular" form. */
      classicMomentum: boolean
      /** torch only. */
      epsilon: number
    }
  | {
      name: 'sgd'
      momentum: number
      nesterov: boolean
      weightDecay: number
      /** BN and biases decay too. */
      decayAll: boolean
    }
  | {
      /** `adam`: decay joins the gradient; `adamw`: it shrinks the weight by lr · weightDecay. */
      name: 'adam' | 'adamw'
      /** `torch`: epsilon joins the bias-corrected root of the second moment; `paper`, tf.keras: the root as it is. */
      convention: Convention
      beta1: number
      beta2: number
      epsilon: number
      weightDecay: number
      /** BN and biases decay too. */
      decayAll: boolean
    }

/** A fine-tuned network that another one learns from. It is not changed. */
export interface TeacherSpec {
  encoder: EncoderSpec
  /** `keep` layers of it stand between encoder and classifier. */
  head: HeadSpec
  classes: number
  /** `encoder.…`, `head.…` and `classifier.…`, as a learner's state has them; strict. */
  tensors: NativeTensor[]
}

export interface LearnerSpec {
  encoder: EncoderSpec
  head: HeadSpec
  /** scale: 2 in the paper's convention, 1 in torch's. */
  loss: {
    temperature: number
    scale: 1 | 2
    normalize: boolean
    /** Of each image, at least 2, for a supervised learner 1. Default 2. */
    views?: number
  }
  optimizer: OptimizerSpec
  /** Classes of the linear head; 0 = no such head. */
  classes: number
  /**
   * The linear head's cross entropy trains the encoder and the layers of the projection head that are kept, in place of
   * NT-Xent. Default false: the linear head learns beside the encoder, from stop-gradient features.
   */
  supervised?: boolean
  /** A supervised learner with as many classes learns what this network says of its images, not their labels. */
  teacher?: TeacherSpec | null
  /**
   * How it learns from the teacher (SimCLR v2, equations 2 and 3): the temperature τ of both softmaxes, and the weight α of
   * that loss, up to 1; labels' cross entropy has 1 − α, and they are wanted below 1. Default 1 and 1.
   */
  distillation?: { temperature: number; weight: number }
  /** Of a supervised learner's labels: a share of this is every class's, as torch.nn.CrossEntropyLoss has it. Default 0. */
  labelSmoothing?: number
  /** Of a supervised learner: times the learning rate of all but the linear head. Default 1. */
  encoderLrScale?: number
  /** All gradients of a step together are no longer than this (torch.nn.utils.clip_grad_norm_). Null and absent: as they are. */
  maxGradientNorm?: number | null
  /**
   * Of a supervised learner: the stem (0) and the groups up to this one (1 to 4) are frozen. Their weights and running
   * statistics stay, their BatchNorm is in evaluation mode, and neither gradients nor the optimizer's state have them.
   * Default -1: all is trained.
   */
  fineTuneAfterBlock?: number
  precision: Precision
  device: string
  /** Threads of this process that share a batch, each single-threaded. The result depends on it only by rounding. */
  shards: number
  seed: number
  /**
   * Ranks that share every batch, each with its own part of the images. All ranks call the learner's methods that
   * compute on batches in the same order.
   */
  group?: NativeGroup
  /** BatchNorm over the whole batch (default) or over each rank's part of it. */
  globalBatchNorm?: boolean
  /** Negatives from the whole batch (default) or from each rank's part of it. */
  globalNegatives?: boolean
  /** Gradients travel between ranks as bf16. Default false. */
  compressGradients?: boolean
  /**
   * Convolutions and dense layers sum in float64 whatever the precision: several times slower, and the same on
   * every machine but for the last rounding. Default false.
   */
  exactSums?: boolean
  /** Activations inside residual blocks are computed again in the backward pass instead of kept. Default false. */
  recompute?: boolean
  /**
   * Images of this process in the network at a time, about, the loss and its gradient still over the whole batch (cached
   * gradient); BatchNorm's statistics are then of such a chunk. Null and absent: the whole batch at once.
   */
  chunkSize?: number | null
  /**
   * Whether a step is recorded after three of its shape and replayed: `try` goes on without where that fails, for `must`
   * it is an error, `rehearse` computes anew at every replay, on any device, for tests. All but `off` (default) need a
   * learner alone, with one shard, neither fp16 nor chunks, and but for `rehearse` a GPU and not fp64.
   */
  graph?: 'off' | 'try' | 'must' | 'rehearse'
  /** BatchNorm takes its running statistics, which stay as they are, instead of the batch's. Default false. */
  frozenBatchNorm?: boolean
}
