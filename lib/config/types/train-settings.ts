/**
 * Types of options, written by scripts/option-types.ts from the schemas that validate them. A § without a name is of the
 * SimCLR paper (arXiv 2002.05709), tf2/ its code, google-research/simclr.
 */
import type {
  ArchitectureOptions,
  AugmentOptions,
  CheckpointOptions,
  DistillationOptions,
  DistributedOptions,
  HeadOptions,
  LossOptions,
  OnlineProbeOptions,
  OptimizerOptions,
  ScheduleOptions,
  ValidationOptions,
} from './groups.ts'

/** A named recipe. */
export type PresetName =
  | 'sample'
  | 'quick'
  | 'cifar'
  | 'imagenet'
  | 'paper'
  | 'torch'
  | 'fine-tune'
  | 'distill'

/** The options that describe a run. */
export interface TrainSettings {
  /**
   * Named recipe; every other option overrides it. Default: 'sample' without data, 'fine-tune' where the
   * objective is 'supervised', 'distill' where it is that, 'cifar' up to 64 px, else 'imagenet'.
   */
  preset?: PresetName | undefined
  /**
   * One name for the conventions of encoder, head, loss, optimizer, schedule and augmentation. Default: from
   * the preset.
   */
  convention?: 'paper' | 'torch' | undefined
  /**
   * What the encoder learns: to tell views of one image from all others; 'supervised': the images' classes,
   * by a classifier on its features; 'distill': what `teacher` takes the images for, by such a classifier.
   * NT-Xent has no part in the latter two (docs/fine-tuning.md). Default: 'contrastive', 'supervised' in the
   * preset 'fine-tune', 'distill' in that. Source: §2.1; appendix B.5; SimCLR v2 §2.
   */
  objective?: 'contrastive' | 'supervised' | 'distill' | undefined
  /**
   * Weights that the encoder begins with: of a run, an encoder.safetensors, or a ResNet that others have
   * trained, as a .safetensors file or one of torch.save. Architecture, image size and normalisation are its
   * own then (docs/fine-tuning.md). Null: random ones. Null or a run folder, .safetensors or PyTorch file.
   * Default: null.
   */
  init?: string | null | undefined
  /**
   * A fine-tuned encoder whose classes' probabilities the objective 'distill' learns, of images that need no
   * labels: a run folder, an encoder.safetensors or a checkpoint. Image size and normalisation are its own
   * then; architecture need not be (docs/fine-tuning.md). Null or a run folder or encoder file. Default:
   * null. Source: SimCLR v2 §2.
   */
  teacher?: string | null | undefined
  /** Options of the distillation. Default: from the preset. */
  distillation?: DistillationOptions | undefined
  /**
   * Where labels train the encoder (objective 'supervised', or 'distill' with `distillation.weight` below 1):
   * this share of each label is spread evenly over all classes. A number from 0 to below 1. Default: 0.
   * Source: arXiv 1512.00567 §7; torch.nn.CrossEntropyLoss.
   */
  labelSmoothing?: number | undefined
  /**
   * Where the objective is 'supervised' or 'distill': trains only what comes after the stem (0) or after this
   * group of residual blocks (1 to 4). What comes before it stays as it is, its BatchNorm in evaluation mode.
   * 4: the classifier alone, and layers of the head that are kept; -1: everything (docs/fine-tuning.md). An
   * integer from -1 to 4. Default: -1. Source: tf2/resnet.py, fine_tune_after_block.
   */
  fineTuneAfterBlock?: number | undefined
  /** Uses only so many images, the same ones every time. An integer of at least 1, images. Default: all. */
  limit?: number | undefined
  /**
   * Uses so many images of each class, the first ones where there is no `limitSeed`. An integer of at least
   * 1, images. Default: all.
   */
  limitPerClass?: number | undefined
  /**
   * Uses this share of the images that have a label, as many of each class: 0.01 and 0.1 are the paper's. The
   * first ones where there is no `limitSeed`; takes the place of `limitPerClass`. A number above 0 and up to
   * 1. Default: all. Source: §4.1, appendix B.5.
   */
  labelFraction?: number | undefined
  /**
   * Draws the images of `limit`, `limitPerClass` and `labelFraction`: another seed, others; a larger limit
   * holds all of a smaller one. For repeated draws of a share of the labels. An integer from 0 to 4294967295.
   * Default: a fixed choice.
   */
  limitSeed?: number | undefined
  /**
   * Height and width of the views. An integer from 8 to 1024, pixels. Default: from the preset, or the
   * images' own up to 128 px where it says none or, above 32 px, none is named.
   */
  imageSize?: number | undefined
  /**
   * Smaller views first: an epoch that begins before the share `until` of all epochs has views of `size`
   * pixels, later ones of `imageSize` (docs/views.md). Null or a list of { until, size }, `until` ascending
   * up to 1, `size` at least 8. Default: null. Source: arXiv 1906.06423.
   */
  resolution?: readonly { until: number; size: number }[] | null | undefined
  /** Options of the encoder. Default: from the preset. */
  encoder?: ArchitectureOptions | undefined
  /** Options of the projection head. Default: from the preset. */
  head?: HeadOptions | undefined
  /** Passes over the images. An integer of at least 1, epochs. Default: from the preset. */
  epochs?: number | undefined
  /**
   * Fixed number of training steps instead of `epochs`; null: from epochs. Null or an integer of at least 1,
   * steps. Default: null. Source: tf2/run.py, train_steps.
   */
  steps?: number | null | undefined
  /**
   * Images a step. An integer of at least 2, images. Default: from the preset, but no more than there are;
   * where the objective is 'supervised', about a sixteenth of them and at least 16. Source: §5.2.
   */
  batchSize?: number | undefined
  /**
   * Views of each image in a step; with more than two, NT-Xent is the mean over the pairs that each makes
   * (docs/views.md). An integer from 1 to 64, views. Default: 2, but for some presets; 1 where the objective
   * is 'supervised' or 'distill'. Source: arXiv 2403.05490.
   */
  views?: number | undefined
  /**
   * NT-Xent temperature τ. A number of at least 0.0001. Default: from the preset; where it has none 0.1, 0.5
   * up to 32 px. Source: §2.1, §5.1.
   */
  temperature?: number | undefined
  /** Options of the loss. Default: from the preset. */
  loss?: LossOptions | undefined
  /** Options of the optimizer. Default: from the preset. */
  optimizer?: OptimizerOptions | undefined
  /** Options of the schedule. Default: from the preset. */
  schedule?: ScheduleOptions | undefined
  /** Options of the augmentation. Default: from the preset. */
  augment?: AugmentOptions | undefined
  /** Options of the online probe. Default: from the preset. */
  probe?: OnlineProbeOptions | undefined
  /** Options of the validation on held-out images. Default: from the preset. */
  validation?: ValidationOptions | undefined
  /**
   * Where to compute; 'auto' takes a GPU where there is one and says what it took. 'auto', 'cpu', 'cuda' or
   * 'cuda:N'. Default: auto.
   */
  device?: string | undefined
  /**
   * Arithmetic of the encoder; 'auto' is bf16 where the hardware is fast at it (measured on a CPU), else
   * fp32. fp16 scales the loss dynamically; on a CPU it is slow. Default: auto.
   */
  precision?: 'auto' | 'fp32' | 'tf32' | 'bf16' | 'fp16' | 'fp64' | undefined
  /**
   * CPU threads that share a batch; 'auto': as many as there are cores. 'auto' or an integer from 1 to 1024.
   * Default: auto.
   */
  threads?: 'auto' | number | undefined
  /** Options of the runs of several processes. Default: from the preset. */
  distributed?: DistributedOptions | undefined
  /** Everything random is a function of it. An integer of at least 0. Default: 0. */
  seed?: number | undefined
  /**
   * Computes the activations inside residual blocks again in the backward pass instead of keeping them: the
   * same numbers, in more time. For networks whose blocks take most of the memory: ResNet-18 with the
   * ImageNet stem at 32 px has none of it back and is 10 to 18 % slower (docs/performance.md). Default:
   * false.
   */
  recompute?: boolean | undefined
  /**
   * Images of a process in the network at a time, so that memory does not grow with `batchSize`: NT-Xent and
   * its gradient are the whole batch's, the forward pass is computed twice and BatchNorm's statistics are
   * those of each chunk (docs/views.md); null: the whole batch at once. Null or an integer of at least 2,
   * images. Default: null. Source: arXiv 2101.06983.
   */
  chunkSize?: number | null | undefined
  /**
   * On a GPU: records a step as a CUDA graph after three of its shape and replays it, which spares the CPU
   * the launches; needs memory for one more step. 'auto' where it can be (docs/cuda.md), and where recording
   * fails the run goes on without and says why; true: that is an error. 'auto' or true or false. Default:
   * auto.
   */
  cudaGraph?: 'auto' | boolean | undefined
  /**
   * Decodes images when they are needed instead of keeping all in memory; 'auto' where they would not fit.
   * Default: auto.
   */
  stream?: 'auto' | 'on' | 'off' | undefined
  /**
   * Share of images that may turn out unreadable before the run stops. A number from 0 to 1. Default: 0.1.
   */
  maxSkipped?: number | undefined
  /** Options of the checkpoint. Default: from the preset. */
  checkpoint?: CheckpointOptions | undefined
}
