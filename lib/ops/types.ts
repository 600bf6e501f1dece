/**
 * Types of options, written by scripts/option-types.ts from the schemas that validate them. A § without a name is of the
 * SimCLR paper (arXiv 2002.05709), tf2/ its code, google-research/simclr.
 */
import type { Arch, Convention, Precision, Stem } from '../addon/interface.ts'

/** What makes rows near: the angle between them, or their Euclidean distance. */
export type SimilarityMetric = 'cosine' | 'euclidean'

/** What `ops.ntXent` takes beside rows. */
export interface NtXentOptions {
  /** Length of a row. An integer of at least 1. */
  dim: number
  /** τ: similarities are divided by it. A number above 0. Default: 0.1. */
  temperature?: number | undefined
  /**
   * 'paper': twice the mean over all rows, with two views the sum of both directions' mean cross entropies,
   * as google-research/simclr trains with; 'torch': the mean over all rows. Default: paper.
   */
  convention?: Convention | undefined
  /** Rows are first divided by their Euclidean norm. Default: true. */
  normalize?: boolean | undefined
  /** Views of each image, V. An integer of at least 2. Default: 2. */
  views?: number | undefined
}

/** What `ops.lars` takes beside variables. */
export interface LarsOptions {
  /** 'paper': tf2/lars_optimizer.py; 'torch': lightly/utils/lars.py. Default: paper. */
  convention?: Convention | undefined
  /** Share of the buffer that stays. A number from 0 to 1. Default: 0.9. */
  momentum?: number | undefined
  /** Nesterov's look ahead. Default: false. */
  nesterov?: boolean | undefined
  /** Joins the gradient. A number of at least 0. Default: 1e-6. */
  weightDecay?: number | undefined
  /** η, the layers' trust coefficient. A number above 0. Default: 0.001. */
  trustCoefficient?: number | undefined
  /** Only 'paper': learning rate inside the momentum buffer, or the "popular" form. Default: true. */
  classicMomentum?: boolean | undefined
  /** Only 'torch': joins the denominator. A number of at least 0. Default: 1e-8. */
  epsilon?: number | undefined
}

/** What `ops.sgd` takes beside variables. */
export interface SgdOptions {
  /** Share of the buffer that stays. A number from 0 to 1. Default: 0.9. */
  momentum?: number | undefined
  /** Nesterov's look ahead. Default: false. */
  nesterov?: boolean | undefined
  /** Joins the gradient. A number of at least 0. Default: 0. */
  weightDecay?: number | undefined
  /** Excluded variables decay too, as in torch.optim without parameter groups. Default: false. */
  decayAll?: boolean | undefined
}

/** What `ops.adam` and `ops.adamw` take beside variables. */
export interface AdamOptions {
  /**
   * 'torch': torch.optim's, epsilon joins the bias-corrected root; 'paper': tf.keras's, the root as it is.
   * Default: torch.
   */
  convention?: Convention | undefined
  /** Share of the first moment that stays. A number from 0 to below 1. Default: 0.9. */
  beta1?: number | undefined
  /** Share of the second moment that stays. A number from 0 to below 1. Default: 0.999. */
  beta2?: number | undefined
  /** Joins the denominator. A number above 0. Default: 1e-8, in the convention 'paper' 1e-7. */
  epsilon?: number | undefined
  /** Joins the gradient, in AdamW the step. A number of at least 0. Default: 0, of AdamW 0.01. */
  weightDecay?: number | undefined
  /** Excluded variables decay too, as in torch.optim without parameter groups. Default: false. */
  decayAll?: boolean | undefined
}

/** What `ops.resnet` takes. */
export interface ResnetOptions {
  /** ResNet depth. Default: resnet18. */
  arch?: Arch | undefined
  /** Multiplies every channel count. A multiple of 1/8 up to 16. Default: 1. */
  width?: number | undefined
  /**
   * First layers: 'imagenet' 7x7/2 and max pool, 'cifar' 3x3/1, 'stride2' 3x3/2 without pool. Default:
   * imagenet.
   */
  stem?: Stem | undefined
  /** Geometry, padding, running variance and initialisation. Default: paper. */
  convention?: Convention | undefined
  /** Selective kernels' squeeze ratio: 0 for none, 0.0625 in SimCLR v2. A number from 0 to 1. Default: 0. */
  skRatio?: number | undefined
  /** Layers of the projection head; 0 for none. An integer from 0 to 8. Default: 2. */
  headLayers?: number | undefined
  /** Outputs of the head. An integer of at least 1. Default: 128. */
  headDim?: number | undefined
  /** Arithmetic. Default: fp32. */
  precision?: Precision | undefined
  /** Of the initial weights. An integer of at least 0. Default: 0. */
  seed?: number | undefined
  /** Where to compute. 'cpu', 'cuda' or 'cuda:N'. Default: cpu. */
  device?: string | undefined
}

/** What `ops.nearest` takes beside rows. */
export interface NearestOptions {
  /** Length of a row. An integer of at least 1. */
  dim: number
  /**
   * Neighbours of each query, at most as many as there are references. An integer of at least 1. Default: 10,
   * or all where there are fewer.
   */
  k?: number | undefined
  /** Nearest by the angle between features ('cosine') or by their Euclidean distance. Default: cosine. */
  metric?: SimilarityMetric | undefined
}

/** What both probes take beside rows. */
export interface ProbeOptions {
  /** Length of a row. An integer of at least 1. */
  dim: number
  /** Number of classes. An integer of at least 1. Default: the largest label + 1. */
  classes?: number | undefined
}

/** What `ops.knn` takes beside rows. */
export interface KnnProbeOptions extends ProbeOptions {
  /** Neighbours that vote. An integer of at least 1. Default: 20. */
  k?: number | undefined
  /** Votes weigh exp(cosine similarity / temperature). A number above 0. Default: 0.1. */
  temperature?: number | undefined
}

/** What `ops.linearProbe` takes beside rows. */
export interface LinearProbeOptions extends ProbeOptions {
  /**
   * L2 penalty: l2 · |W|², without a half, is added to the mean cross entropy. A number of at least 0.
   * Default: 0.001.
   */
  l2?: number | undefined
  /** Iterations of L-BFGS at most. An integer of at least 1. Default: 100. */
  maxIterations?: number | undefined
}
