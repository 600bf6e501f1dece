/**
 * Types of options, written by scripts/option-types.ts from the schemas that validate them. A § without a name is of the
 * SimCLR paper (arXiv 2002.05709), tf2/ its code, google-research/simclr.
 */
import type { DataInput } from '../../data/open.ts'

/** Options of the encoder. */
export interface ArchitectureOptions {
  /** ResNet depth. Default: from the preset. Source: §4.1. */
  arch?: 'resnet18' | 'resnet34' | 'resnet50' | 'resnet101' | 'resnet152' | 'resnet200' | undefined
  /** Multiplies every channel count. A multiple of 1/8 up to 16. Default: from the preset. Source: §4.1. */
  width?: number | undefined
  /**
   * First layers: 'imagenet' 7x7/2 and max pool, 'cifar' 3x3/1, 'stride2' 3x3/2 without pool; 'auto' is
   * 'cifar' up to 32 px. Default: from the preset. Source: appendix B.9.
   */
  stem?: 'auto' | 'imagenet' | 'cifar' | 'stride2' | undefined
  /**
   * Geometry, padding, running variance and initialisation, as google-research/simclr ('paper') or
   * torchvision and lightly ('torch') have it. Default: from `convention`; where that is the preset's,
   * 'torch' in 'cifar', 'imagenet' and 'distill'.
   */
  convention?: 'paper' | 'torch' | undefined
  /**
   * Selective kernels: 0 without, 0.0625 in SimCLR v2 (needs encoder.convention 'paper'). A number from 0 to
   * 1. Default: 0. Source: SimCLR v2 §2.
   */
  skRatio?: number | undefined
}

/** Options of the projection head. */
export interface HeadOptions {
  /**
   * Layers of the projection head: 0 none, 1 linear, 2 SimCLR v1, 3 SimCLR v2. An integer from 0 to 8.
   * Default: 2. Source: §4.2.
   */
  layers?: number | undefined
  /**
   * Width of the projection head's layers before the last one; null: that of the encoder's features, as in
   * the paper. Null or an integer from 1 to 65536. Default: null. Source: §4.2.
   */
  hidden?: number | null | undefined
  /** Output dimension of the projection head. An integer from 1 to 65536. Default: 128. Source: §4.2. */
  dim?: number | undefined
  /**
   * BatchNorm shift and initialisation of the head, as google-research/simclr ('paper') or torchvision and
   * lightly ('torch') have it. Default: from `convention`.
   */
  convention?: 'paper' | 'torch' | undefined
  /**
   * First layers of the projection head that the classifier stands on, and that are trained on with the
   * encoder, where the objective is 'supervised' or 'distill'; 0: it stands on the encoder's features
   * (docs/fine-tuning.md). An integer from 0 to 7. Default: 0; SimCLR v2 has 1. Source: SimCLR v2 §2.
   */
  keep?: number | undefined
}

/** Options of the loss. */
export interface LossOptions {
  /**
   * Factor of NT-Xent, times the mean over all views: 2 in the paper code, 1 in torch. 1 or 2. Default: from
   * `convention`. Source: tf2/objective.py.
   */
  scale?: 1 | 2 | undefined
  /** L2-normalise projections before the loss. Default: true. Source: §5.1. */
  normalize?: boolean | undefined
}

/** Options of the distillation. */
export interface DistillationOptions {
  /**
   * Temperature τ of the teacher's and the student's softmax, whose cross entropy is multiplied by τ². SimCLR
   * v2 has 0.1 where both have one architecture. A number of at least 0.001. Default: 1. Source: SimCLR v2
   * eq. 2.
   */
  temperature?: number | undefined
  /**
   * Weight α of what the teacher says; the rest is the labels' cross entropy, for which the images must have
   * the teacher's classes. 1: labels are not looked at. A number above 0 and up to 1. Default: 1. Source:
   * SimCLR v2 eq. 3.
   */
  weight?: number | undefined
}

/** Options of the optimizer. */
export interface OptimizerOptions {
  /**
   * Optimizer: 'adam' adds the weight decay to the gradient, 'adamw' shrinks weights by lr × weightDecay.
   * Default: from the preset. Source: §2.2; tf2/model.py, build_optimizer.
   */
  name?: 'lars' | 'sgd' | 'adam' | 'adamw' | undefined
  /**
   * Base learning rate, before schedule.scaling. A number of at least 0. Default: from the preset or the
   * optimizer. Source: appendix B.1.
   */
  lr?: number | undefined
  /**
   * Base learning rate of the encoder, and of layers of the head that are kept, where the objective is
   * 'supervised' or 'distill'; `lr` is then the classifier's alone. Both have one schedule and scaling. Null:
   * `lr`, for all. Null or a number of at least 0. Default: null. Source: facebookresearch/barlowtwins
   * evaluate.py, --lr-backbone.
   */
  encoderLr?: number | null | undefined
  /**
   * Clips gradients: where all of a step together, over all threads and processes, are longer than this (L2),
   * they become this long. `gradientNorm` of events is that before. Null: they stay as they are. Null or a
   * number above 0. Default: null. Source: torch.nn.utils.clip_grad_norm_.
   */
  maxGradientNorm?: number | null | undefined
  /** Momentum of LARS and SGD. A number from 0 to 1. Default: 0.9. Source: tf2/lars_optimizer.py. */
  momentum?: number | undefined
  /**
   * Nesterov momentum of LARS and SGD. Default: false, but for some presets and SGD as the paper's code has
   * it.
   */
  nesterov?: boolean | undefined
  /**
   * Share of Adam's first moment, the mean of gradients, that stays at a step. A number from 0 to below 1.
   * Default: 0.9. Source: arXiv 1412.6980.
   */
  beta1?: number | undefined
  /**
   * Share of Adam's second moment, the mean of their squares, that stays at a step. A number from 0 to below
   * 1. Default: 0.999. Source: arXiv 1412.6980.
   */
  beta2?: number | undefined
  /**
   * L2 weight decay; of AdamW decoupled from the gradient. A number of at least 0. Default: from the preset
   * or the optimizer. Source: §2.2.
   */
  weightDecay?: number | undefined
  /**
   * Form of LARS: learning rate inside the buffer, or after it with an epsilon; of Adam: epsilon joins the
   * root as it is, in tf.keras, or bias-corrected, in torch.optim, as google-research/simclr ('paper') or
   * torchvision and lightly ('torch') have it. Default: from `convention`. Source: LARS §3.
   */
  convention?: 'paper' | 'torch' | undefined
  /** LARS's trust coefficient. A number above 0. Default: 0.001. Source: tf2/lars_optimizer.py. */
  trustCoefficient?: number | undefined
  /** LARS 'paper': learning rate inside the momentum buffer. Default: true. Source: tf2/lars_optimizer.py. */
  classicMomentum?: boolean | undefined
  /**
   * LARS 'torch': added to the trust ratio's divisor. Adam: to the divisor of the step, above 0. A number
   * from 0 to 1. Default: 1e-8; of Adam in the convention 'paper' 1e-7, as in tf.keras.
   */
  epsilon?: number | undefined
  /**
   * SGD and Adam: BatchNorm parameters and biases decay too, as in torch.optim by itself. Default: from
   * `convention`.
   */
  decayAll?: boolean | undefined
}

/** Options of the schedule. */
export interface ScheduleOptions {
  /**
   * Learning rate after the warm-up: half a cosine down to 0, the peak to the end, or the peak times
   * `schedule.gamma` from each of `schedule.milestones` on ('step'). Default: cosine. Source: §2.2;
   * torch.optim.lr_scheduler.MultiStepLR.
   */
  name?: 'cosine' | 'constant' | 'step' | undefined
  /**
   * Epochs after which the schedule 'step' lowers the learning rate, counted from the beginning of the run.
   * Null or ascending numbers above 0, epochs. Default: null; needed where `schedule.name` is 'step'. Source:
   * torch.optim.lr_scheduler.MultiStepLR.
   */
  milestones?: readonly number[] | null | undefined
  /**
   * What the schedule 'step' multiplies the learning rate by at each milestone. A number above 0. Default:
   * 0.1. Source: torch.optim.lr_scheduler.MultiStepLR.
   */
  gamma?: number | undefined
  /**
   * Epochs and warm-up: an endless stream with batches across epochs, or whole epochs without the last
   * partial batch, as google-research/simclr ('paper') or torchvision and lightly ('torch') have it. Default:
   * from `convention`. Source: tf2/model.py.
   */
  convention?: 'paper' | 'torch' | undefined
  /**
   * Peak learning rate from the batch size B: lr·B/256, lr·√B or lr. Default: from the preset or the
   * optimizer. Source: appendix B.1.
   */
  scaling?: 'linear' | 'sqrt' | 'none' | undefined
  /**
   * Epochs of linear warm-up. A number of at least 0, epochs. Default: from the preset; a tenth of the run
   * where the preset's is not shorter than it. Source: §2.2.
   */
  warmupEpochs?: number | undefined
}

/** Options of the augmentation. */
export interface AugmentOptions {
  /**
   * Crop sampling, resampling, contrast, saturation and blur padding, as google-research/simclr ('paper') or
   * torchvision and lightly ('torch') have it. Default: from `convention`. Source: appendix A.
   */
  convention?: 'paper' | 'torch' | undefined
  /**
   * Share of the image that a crop keeps. A pair [low, high] within 0.001 and 1. Default: [0.08, 1], but for
   * some presets. Source: appendix A.
   */
  cropArea?: [number, number] | undefined
  /**
   * Width over height of a crop. A pair [low, high] within 0.1 and 10. Default: [3/4, 4/3]. Source: appendix
   * A.
   */
  cropAspect?: [number, number] | undefined
  /** Probability of a left-right flip. A number from 0 to 1. Default: 0.5. Source: appendix A. */
  flip?: number | undefined
  /**
   * Probability of a top-bottom flip: for images without an up (docs/augmentation.md). A number from 0 to 1.
   * Default: 0.
   */
  verticalFlip?: number | undefined
  /** Probability of a turn by a multiple of 90°, after the flips. A number from 0 to 1. Default: 0. */
  quarterTurn?: number | undefined
  /**
   * By 90°, 180° or 270°, evenly ('any'), or by 90° counter-clockwise alone ('left'), as lightly turns.
   * Default: any.
   */
  quarterTurnMode?: 'any' | 'left' | undefined
  /**
   * Probability of colour jitter. A number from 0 to 1. Default: 0.8, but for some presets. Source: appendix
   * A.
   */
  jitter?: number | undefined
  /**
   * Colour strength s: brightness, contrast and saturation 0.8 s, hue 0.2 s. A number from 0 to 2. Default:
   * from the preset; where it has none 1, 0.5 up to 32 px. Source: appendix A.
   */
  strength?: number | undefined
  /** Brightness range ±. A number from 0 to 4. Default: 0.8 × strength. */
  brightness?: number | undefined
  /** Contrast range ±. A number from 0 to 4. Default: 0.8 × strength. */
  contrast?: number | undefined
  /** Saturation range ±. A number from 0 to 4. Default: 0.8 × strength. */
  saturation?: number | undefined
  /** Hue range ±, of a full turn. A number from 0 to 0.5. Default: 0.2 × strength. */
  hue?: number | undefined
  /** Brightness multiplies (v2) or adds (v1). Default: multiply. Source: tf2/data_util.py. */
  brightnessMode?: 'multiply' | 'add' | undefined
  /**
   * Hue in HSV, or as a 3x3 matrix ('fast'), which makes other colours (docs/augmentation.md). Default:
   * exact.
   */
  hueMode?: 'exact' | 'fast' | undefined
  /**
   * Probability of a grey image. A number from 0 to 1. Default: 0.2, but for some presets. Source: appendix
   * A.
   */
  gray?: number | undefined
  /**
   * Probability of Gaussian blur. A number from 0 to 1. Default: 0.5, 0 up to 32 px, but for some presets.
   * Source: appendix A.
   */
  blur?: number | undefined
  /**
   * Standard deviation of the blur. A pair [low, high] within 0.01 and 100, pixels. Default: [0.1, 2].
   * Source: appendix A.
   */
  blurSigma?: [number, number] | undefined
  /** Probability of solarisation. A number from 0 to 1. Default: 0. */
  solarize?: number | undefined
  /**
   * Subtracted from each channel of [0, 1]; null: nothing. Null or three numbers of at least 0, one a
   * channel. Default: ImageNet's in the torch convention, null in the paper's.
   */
  mean?: [number, number, number] | null | undefined
  /**
   * Each channel is divided by it; null: nothing. Null or three numbers of at least 0.000001, one a channel.
   * Default: ImageNet's in the torch convention, null in the paper's.
   */
  std?: [number, number, number] | null | undefined
}

/** Options of the runs of several processes. */
export interface DistributedOptions {
  /**
   * BatchNorm over the whole batch; false: over each process's part, which gives pairs away. Default: true.
   * Source: §2.2.
   */
  syncBatchNorm?: boolean | undefined
  /**
   * Negatives from the whole batch; false: from each process's part. Default: true. Source: tf2/objective.py.
   */
  globalNegatives?: boolean | undefined
  /** Gradients travel between processes as bf16. Default: false. */
  compressGradients?: boolean | undefined
  /**
   * How long a process waits for the others, to appear and in any step, before the run fails; for one that
   * reads images, validates or writes the others wait as long as it lives. A number above 0, seconds.
   * Default: 600.
   */
  timeoutSeconds?: number | undefined
}

/** Options of the online probe. */
export interface OnlineProbeOptions {
  /**
   * kNN accuracy on labelled images every so many epochs; 0: never. An integer of at least 0, epochs.
   * Default: 1 where there are labels; 0 where the objective is 'supervised' or 'distill'.
   */
  everyEpochs?: number | undefined
  /**
   * Images the kNN probe looks at, a fifth of them as queries. An integer of at least 10, images. Default:
   * 5000.
   */
  images?: number | undefined
  /** Neighbours that vote. An integer of at least 1. Default: 20. */
  k?: number | undefined
  /** Votes weigh exp(similarity / temperature). A number of at least 0.000001. Default: 0.1. */
  temperature?: number | undefined
  /**
   * Trains a linear classifier on stop-gradient features beside the encoder, which it does not change.
   * Default: false. Source: tf2/run.py.
   */
  linearHead?: boolean | undefined
}

/** Options of the validation on held-out images. */
export interface ValidationOptions {
  /**
   * Labelled images, as `data` takes them, that are not trained on; the encoder that does best on them is
   * kept as best.safetensors (docs/runs.md). Null: no validation. Null or a path, 'kind:path' or a data
   * source. Default: null.
   */
  data?: DataInput | null | undefined
  /**
   * What does best: a kNN or linear probe that learns from labelled images trained on (without labels there:
   * from four fifths of the held-out ones), or the classifier where the objective is 'supervised' or
   * 'distill'. Default: 'knn', 'classifier' where the objective is 'supervised' or 'distill'.
   */
  metric?: 'knn' | 'linear' | 'classifier' | undefined
  /**
   * Epochs from one validation to the next; the last epoch has one, too. An integer of at least 1, epochs.
   * Default: 1.
   */
  everyEpochs?: number | undefined
  /**
   * Ends the run after so many validations in a row without a better one; null: it trains to its end. Null or
   * an integer of at least 1. Default: null.
   */
  patience?: number | null | undefined
}

/** Options of the checkpoint. */
export interface CheckpointOptions {
  /** Seconds between checkpoints; null: not by time. Null or a number above 0, seconds. Default: 600. */
  everySeconds?: number | null | undefined
  /**
   * Steps between checkpoints; null: not by steps. Null or an integer of at least 1, steps. Default: null.
   */
  everySteps?: number | null | undefined
  /**
   * Epochs between checkpoints; null: not by epochs. Null or an integer of at least 1, epochs. Default: null.
   */
  everyEpochs?: number | null | undefined
  /** Newest checkpoints that are kept. An integer of at least 1. Default: 2. */
  keep?: number | undefined
}
