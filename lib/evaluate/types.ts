/**
 * Types of options, written by scripts/option-types.ts from the schemas that validate them. A § without a name is of the
 * SimCLR paper (arXiv 2002.05709), tf2/ its code, google-research/simclr.
 */
import type { DataInput } from '../data/open.ts'
import type { Encoder } from '../encoder.ts'

/** What `evaluate()` takes, whatever the probe. */
export interface AnyEvaluateOptions {
  /**
   * What makes the features; 'raw' is the pixels themselves. An Encoder, a run folder, a .safetensors or
   * PyTorch file or 'raw'.
   */
  encoder: Encoder | string
  /**
   * What images become: the encoder's features h, or what its projection head makes of them, z, which NT-Xent
   * compares ('projection'), or what the head's first layer does, after BatchNorm and ReLU ('hidden'). An
   * encoder.safetensors has thrown its head away: name a run folder or a checkpoint. Default: features.
   * Source: §2.1, §4.2; SimCLR v2 §2.
   */
  output?: 'features' | 'hidden' | 'projection' | undefined
  /**
   * Labelled images to learn from: class folders, 'cifar10:DIR', 'idx:FILE' or a source with labels. A path,
   * 'kind:path' or a data source. Default: needed but for probe 'classifier', which has learnt.
   */
  data?: DataInput | undefined
  /**
   * Labelled images to be tested on: class folders, 'cifar10:DIR', 'idx:FILE' or a source with labels. A
   * path, 'kind:path' or a data source.
   */
  test: DataInput
  /**
   * Weighted nearest neighbours, logistic regression on standardised features, or the classifier that was
   * trained with the encoder. Default: knn. Source: appendix B.5.
   */
  probe?: 'knn' | 'linear' | 'classifier' | undefined
  /** Neighbours that vote (kNN). An integer of at least 1. Default: 20. */
  k?: number | undefined
  /** Votes weigh exp(cosine similarity / temperature) (kNN). A number of at least 0.000001. Default: 0.1. */
  temperature?: number | undefined
  /**
   * L2 penalty (linear): l2 · |W|², without a half, is added to the mean cross entropy; 'auto' or several:
   * the one that does best on a held-out fifth of `data`, of 45 from 1e-6 to 1e5 or of those given, and then
   * learns from all of it. A number of at least 0, several of them to choose among or 'auto'. Default: 0.001.
   * Source: appendix B.8.
   */
  l2?: 'auto' | number | readonly number[] | undefined
  /** Iterations of L-BFGS at most (linear). An integer of at least 1. Default: 100. */
  maxIterations?: number | undefined
  /** Of the fifth that `l2` is chosen on (linear). An integer of at least 0. Default: 0. */
  seed?: number | undefined
  /**
   * Size of 'raw' pixels; an encoder knows its own. An integer from 8 to 1024, pixels. Default: of the
   * images, at most 32.
   */
  imageSize?: number | undefined
  /** Uses only so many of the images of `data`. An integer of at least 2, images. Default: all. */
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
   * Share of images that may turn out unreadable before the run stops. A number from 0 to 1. Default: 0.1.
   */
  maxSkipped?: number | undefined
  /**
   * Where to compute; 'auto' takes a GPU where there is one and says what it took. 'auto', 'cpu', 'cuda' or
   * 'cuda:N'. Default: auto.
   */
  device?: string | undefined
  /** Stops reading images and computing features. An AbortSignal. Default: none. */
  signal?: AbortSignal | undefined
  /** Told while images are read. A function. Default: none. */
  onProgress?: ((progress: { name: string; done: number; total: number }) => void) | undefined
}
