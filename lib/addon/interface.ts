/**
 * The native boundary, written by hand: everything TypeScript may ask of the addon, and nothing else.
 * Only lib/addon/ touches the binary; the rest of lib/ sees these types.
 *
 * Shapes are row-major. "NHWC" is [rows, height, width, channels]. Everything throws and rejects with
 * SimclrError (load.ts hands its constructor to the addon).
 */

import type { GroupSpec, NativeGroup } from './group.ts'
import type { DecodeJpeg, NativeImageStore } from './images.ts'
import type { AugmentPlan, ViewParameters } from './plan.ts'
import type { EncoderSpec, HeadSpec, LearnerSpec, NativeTensor, OptimizerSpec, Precision } from './specs.ts'

export type * from './group.ts'
export type * from './images.ts'
export type * from './plan.ts'
export type * from './specs.ts'

export interface BuildInfo {
  /** LibTorch version the addon was built against, e.g. `2.13.0`. */
  torch: string
  compiler: string
  /** Vector level LibTorch picked on this machine, e.g. `AVX512`. */
  cpuCapability: string
  /** CUDA version, null for a CPU build. */
  cuda: string | null
  /** libjpeg-turbo's version, null for a build without. */
  jpeg: string | null
}

/** Operations (multiplications and additions) and bytes (read and written) a second. */
export interface MachineLimits {
  /** Matrix products. */
  gemmFp32: number
  gemmBf16: number
  /** Copies in memory. */
  copy: number
}

// ---- augmentation ------------------------------------------------------------------------------------------

/** A plan compiled once. */
export interface NativeAugmenter {
  /**
   * Describes one batch of `indices.length` images x `views`; nothing is computed until a learner or `pixels` asks.
   * The parameters of a view are a function of (seed, epoch, index, view) alone.
   */
  batch(
    store: NativeImageStore,
    options: {
      indices: Uint32Array
      /** Epoch of each row (a paper-convention batch may cross epochs). */
      epochs: Uint32Array
      seed: number
      views: number
      /** Class of each row for the online linear head, -1 = none. */
      labels: Int32Array | null
    },
  ): NativeBatch
  parameters(options: {
    seed: number
    epoch: number
    index: number
    view: number
    width: number
    height: number
  }): ViewParameters
}

export interface NativeBatch {
  readonly count: number
  readonly views: number
  /** The augmented views, float32, [views * count, size, size, 3], all first views first. `threads` must not change the result. */
  pixels(options: {
    threads: number
    /** Which code makes them, one of `augmentPaths()`; by default the fastest. It changes rounding alone. */
    path?: string
    /** Made there by our kernels, `threads` and `path` left aside; an error where that device does not take them. */
    device?: string
    /** Where to write them: an array of the right length, used again and again. It must not be touched meanwhile. */
    out?: Float32Array
  }): Promise<Float32Array>
}

// ---- learning ----------------------------------------------------------------------------------------------

export interface StepResult {
  /** NT-Xent, in the convention's scale; where the objective is 'supervised' or 'distill' what that minimises. */
  loss: number
  /** Share of first views whose nearest second view is their own; null where the objective is not 'contrastive'. */
  contrastiveAccuracy: number | null
  /** Entropy (nats) of the softmax over second views; null where the objective is not 'contrastive'. */
  entropy: number | null
  /**
   * The linear head's cross entropy and share of right answers on the batch; null where none of its images has a label. Where
   * the objective is 'distill' the loss, and the share of images that it takes for what the teacher takes them for.
   */
  probeLoss: number | null
  probeAccuracy: number | null
  /** L2 norm of all gradients; 0 of a skipped step. */
  gradientNorm: number
  /** In fp16: what the loss was multiplied by for this step's gradients, which are divided by it. Else null. */
  lossScale: number | null
  /** In fp16: a scaled gradient was not finite. The weights stay as they were, and the scale is halved. */
  skipped: boolean
  /** Where the views were made; null of a step on given ones. */
  viewsOn: 'cpu' | 'gpu' | null
  /** Why a GPU computes on views that the CPU makes, told once; else null. */
  viewsProblem: string | null
  /** The step was replayed from a recording (a CUDA graph). */
  replayed: boolean
  /** Why steps are not recorded from this one on, told once; else null. */
  graphProblem: string | null
  /** Seconds: making the views, and the whole step. */
  augmentSeconds: number
  stepSeconds: number
  /** A rank of the group has been asked to stop: all do, after this step. */
  stopAsked: boolean
}

/** Forward results for tests and verify; what was not asked for is absent. */
export interface ForwardResult {
  features: NativeTensor
  /** After the head's first hidden layer and its ReLU. */
  hidden: NativeTensor | null
  projections: NativeTensor | null
  /** Stem and the four groups, NHWC. */
  groups: NativeTensor[]
}

export interface GradientResult
  extends Omit<
    StepResult,
    'augmentSeconds' | 'stepSeconds' | 'stopAsked' | 'viewsOn' | 'viewsProblem' | 'replayed' | 'graphProblem'
  > {
  weightDecayLoss: number
  /** Under the parameter names of `state()`. */
  gradients: NativeTensor[]
}

/** Encoder, head, loss and optimizer on one device, driven from one native thread of their own. */
export interface NativeLearner {
  readonly featureDim: number
  readonly parameterCount: { encoder: number; head: number }
  step(batch: NativeBatch, lr: number): Promise<StepResult>
  /** The same step on given views: float32/float64 NHWC [views B, H, W, 3], already augmented. */
  stepViews(views: NativeTensor, labels: Int32Array | null, lr: number): Promise<StepResult>
  /** Loss and gradients without an update. */
  gradients(views: NativeTensor, labels: Int32Array | null): Promise<GradientResult>
  forward(images: NativeTensor, options: { training: boolean; groups: boolean }): Promise<ForwardResult>
  /** Features [indices.length, featureDim] with BN in evaluation mode; `plan` should have no random operator. */
  embed(store: NativeImageStore, augmenter: NativeAugmenter, indices: Uint32Array): Promise<Float32Array>
  /**
   * Everything: `encoder.<torchvision name>`, `head.<i>.…`, `classifier.…`, buffers, `optimizer.<name>` momentum
   * buffers, of Adam `optimizer.<name>.exp_avg`, `optimizer.<name>.exp_avg_sq` and `optimizer.step`, the number of its
   * steps. What `load` takes.
   */
  state(): Promise<NativeTensor[]>
  /** Strict: throws naming missing and unexpected tensors. `optimizer.*` may be absent altogether (fresh buffers). */
  load(tensors: NativeTensor[]): Promise<void>
  /** Rank 0's state becomes every rank's; all call it. */
  shareState(): Promise<void>
  /** Ends the thread after the running step; further calls reject with ERR_SIMCLR_DISPOSED. */
  dispose(): void
}

/**
 * Inference only. Weights under torchvision's names (paper geometry: the same names plus the extra shortcut), those of a head
 * as a learner's state has them.
 */
export interface NativeEncoder {
  /** Numbers of a row that `embed` gives. */
  readonly featureDim: number
  embed(store: NativeImageStore, augmenter: NativeAugmenter, indices: Uint32Array): Promise<Float32Array>
  dispose(): void
}

// ---- pieces on typed arrays --------------------------------------------------------------------------------

/** One weight array and what belongs to it, all of one class and length; buffers are zeros before the first step. */
export interface OptimizerVariable {
  weight: Float32Array | Float64Array
  gradient: Float32Array | Float64Array
  /** Adam's first moment. */
  momentum: Float32Array | Float64Array
  /** Adam's alone. */
  secondMoment?: Float32Array | Float64Array
  /** No decay, no adaptation (BN, biases, classifier). Default false. */
  excluded?: boolean | undefined
}

/** NT-Xent of a batch. */
export interface NtXentResult {
  /** Nats: times the mean over all rows, 2 in the convention `paper`, 1 in `torch`. */
  loss: number
  /** Share of the first views, 0 to 1, whose most similar second view is their own. */
  contrastiveAccuracy: number
  /** Of the first views' softmax over the second views, nats, their mean: 0 to the logarithm of the number of images. */
  entropy: number
  /** d loss / d z, [V·B, dim], of z's class. */
  gradient: Float32Array | Float64Array
}

/** x · weight + bias. */
export interface DenseLayer {
  /** [outputs, dim] */
  weight: Float32Array
  /** [outputs] */
  bias: Float32Array
}

/** Batches of views, layers normalised, NT-Xents, updates. */
export interface KernelCalls {
  views: number
  batchNorm: number
  contrast: number
  optimizer: number
}

export interface Addon {
  /** Makes the errors that native code throws and rejects with; load.ts calls it once. */
  setErrorFactory(factory: (code: string, message: string) => Error): void
  /** Lets no more native work begin in this process, which is about to exit and will not wait for what is under way. */
  endWork(): void
  buildInfo(): BuildInfo
  /** `cpu`, then each CUDA device that can be used; memory in bytes. */
  getDevices(): { name: string; type: 'cpu' | 'cuda'; description: string; memory: number }[]
  /**
   * Sentences for people: why there is no CUDA device, or why one that is there is not listed (no driver, driver too
   * old, GPU too old, hidden, a binary for the CPU), and what to do. Null if nothing is wrong.
   */
  gpuProblem(): string | null
  /**
   * How often our kernels for GPUs have computed something in this process; where they do not take a tensor, LibTorch computes
   * the same. A recorded step counts when it is recorded, not when it is replayed.
   */
  kernelCalls(): KernelCalls
  /** What the processor reaches at best with so many threads; takes about two seconds. */
  machineLimits(threads: number): Promise<MachineLimits>
  /** How many times as fast as in fp32 a core multiplies matrices in bf16; measured once, in some 30 ms. */
  bf16Speed(): number
  /** How many of LibTorch's threads work for the calling one: one a core, or OMP_NUM_THREADS if that is less. */
  ownThreads(): number

  decodeJpeg: DecodeJpeg
  /** `streamed` (default false): images come and go while batches of others are made, so that nobody copies the set. */
  ImageStore: new (
    count: number,
    streamed?: boolean,
  ) => NativeImageStore
  Augmenter: new (plan: AugmentPlan) => NativeAugmenter
  Group: new (spec: GroupSpec) => NativeGroup
  Learner: new (spec: LearnerSpec) => NativeLearner
  Encoder: new (
    spec: EncoderSpec & {
      /** What features go through: its first `keep` layers, or all of them where that is 0; null: nothing. */
      head?: HeadSpec | null
      device: string
      precision: Precision
      shards: number
    },
    tensors: NativeTensor[],
  ) => NativeEncoder

  /** What this machine can make views with, the fastest first; `plain`, last, works operator by operator. */
  augmentPaths(): string[]

  /** The order in which epoch `epoch` visits `count` images: a function of (seed, epoch) alone. */
  epochOrder(options: { seed: number; epoch: number; count: number }): Uint32Array

  /** NT-Xent on z [views B, dim], first views first. `replicas` splits the images in contiguous parts as ranks would. */
  ntXent(
    z: Float32Array | Float64Array,
    options: {
      dim: number
      temperature: number
      scale: 1 | 2
      normalize: boolean
      /** Default 2. */
      views?: number
      replicas?: number
      /** Plain tensor operations, what accelerators run, instead of the CPU's tiles. */
      plain?: boolean
      /** z is rounded to this first, as a half-precision encoder would hand it over. */
      input?: 'bf16' | 'fp16'
      /** Default `cpu`. */
      device?: string
    },
  ): NtXentResult

  /** One optimizer update in place on plain arrays. `step`: which one it is, 1 the first; Adam must know. */
  optimizerStep(
    spec: OptimizerSpec,
    variables: OptimizerVariable[],
    lr: number,
    device?: string,
    step?: number,
  ): void

  /**
   * One convolution and its gradients, to hold the algorithms for small images against LibTorch's own.
   * `x` and `dy` NHWC, `kernel` and `dkernel` OIHW.
   */
  convolution(
    x: NativeTensor,
    kernel: NativeTensor,
    dy: NativeTensor,
    options: {
      stride: number
      padding: number
      algorithm: 'native' | 'dense' | 'unfold' | 'wide'
      /** What x, kernel and dy are rounded to first. Default: left as they are. */
      input?: 'bf16' | 'fp16'
    },
  ): { y: NativeTensor; dx: NativeTensor; dkernel: NativeTensor }

  /**
   * BatchNorm by the batch's own statistics, `residual` added, ReLU, and the gradients of all that went in, to hold it
   * against float64. All but `scale` and `shift` NHWC; `fused`: by the kernels that train, else by plain operations.
   */
  batchNorm(
    given: {
      x: NativeTensor
      residual: NativeTensor | null
      scale: NativeTensor
      shift: NativeTensor
      dy: NativeTensor
    },
    /** `input`: what x, residual and dy are rounded to first, as in `convolution`. */
    options: { relu: boolean; fused: boolean; input?: 'bf16' | 'fp16' },
  ): {
    y: NativeTensor
    dx: NativeTensor
    dresidual: NativeTensor | null
    dscale: NativeTensor
    dshift: NativeTensor
  }

  /**
   * The gradient of a convolution's kernel, OIHW, of `dy` and `x` (NHWC, rounded to bf16, channels multiples of 16)
   * from tiles: by plain loops, or, `fast`, by the processor's own; null if it has none.
   */
  tileKernelGradient(
    dy: NativeTensor,
    x: NativeTensor,
    options: { size: number; stride: number; padding: number; fast: boolean },
  ): NativeTensor | null

  /** The k rows of `references` nearest to each of `queries`, both [.., dim] and finite, row by row; ties: the lower index first. */
  nearest(
    queries: Float32Array,
    references: Float32Array,
    options: { dim: number; k: number; metric: 'cosine' | 'euclidean' },
  ): Promise<{ indices: Uint32Array; similarities: Float32Array }>

  /**
   * Cosine kNN, votes weighted exp(similarity / temperature). Returns the `top` (default 1) classes of each query, those with
   * most votes first, [queries, top]; -1 behind those that have any.
   */
  knn(
    bank: Float32Array,
    bankLabels: Int32Array,
    queries: Float32Array,
    options: { dim: number; classes: number; k: number; temperature: number; top?: number },
  ): Promise<Int32Array>

  /**
   * Multinomial logistic regression by L-BFGS on standardised features. Returns the `top` (default 1) classes of each
   * query, the most probable first, [queries, top].
   */
  linearProbe(
    features: Float32Array,
    labels: Int32Array,
    queries: Float32Array,
    options: { dim: number; classes: number; l2: number; maxIterations: number; top?: number },
  ): Promise<Int32Array>

  /**
   * Softmax of features [n, dim] times weight [classes, dim], plus bias [classes]. Returns [n, classes]. The features go
   * through `hidden` first, each with a ReLU behind it and taking what the one before it gives, the last one giving what
   * `weight` takes; default: none.
   */
  classProbabilities(
    features: Float32Array,
    weight: Float32Array,
    bias: Float32Array,
    hidden?: readonly DenseLayer[],
  ): Promise<Float32Array>

  /** One augmentation operator on one image, for golden tests. `paper.<op>`, `torch.<op>`; parameters: native/core/augment/operators.h. */
  augmentOperator(
    name: string,
    image: { data: Float32Array | Uint8Array; width: number; height: number; channels: number },
    parameters: Record<string, number | string | boolean | number[] | string[]>,
  ): { data: Float32Array | Uint8Array; width: number; height: number }
}
