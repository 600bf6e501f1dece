/**
 * The augmentation family as data: each operator a plain object that says what may happen to an image and how
 * often. A family is a list of them in the order of execution; lower.ts turns it into the plan that native
 * code runs. Values are in [0, 1], RGB; every image, view and epoch draws its own parameters.
 *
 * Sections are those of "A Simple Framework for Contrastive Learning of Visual Representations"
 * (arXiv 2002.05709); the paper's code is google-research/simclr, tf2/data_util.py.
 */
import type { Convention } from '../addon/interface.ts'

export type Filter = 'bilinear' | 'bicubic'
/** A closed range `[low, high]`. */
export type Range = [low: number, high: number]
/** One number for each of red, green, blue. */
export type Channels = [red: number, green: number, blue: number]

/** A random part of the image, resized to the view's size. Paper §3, appendix A ("random crop and resize"). */
export interface RandomResizedCrop {
  op: 'randomResizedCrop'
  /**
   * `paper`: aspect uniform, then height uniform in what area and image allow, boxes under a tenth of the image
   * rejected, at most 100 attempts, else the whole image (tf.image.sample_distorted_bounding_box).
   * `torch`: area uniform, aspect log-uniform, at most 10 attempts, else the largest allowed central box
   * (torchvision RandomResizedCrop).
   */
  sampling: Convention
  /** Share of the image's area. */
  area: Range
  /** Width over height. */
  aspect: Range
  filter: Filter
  /** Widens the filter when shrinking, as torchvision does; TensorFlow's bicubic of the paper does not. */
  antialias: boolean
}

/** The central square of the image, resized to the view's size: evaluation. Paper appendix B.5. */
export interface CentralCrop {
  op: 'centralCrop'
  /** Of the largest central square's side; 1: all of it. */
  share: number
  filter: Filter
  antialias: boolean
}

/** Left-right flip. Paper appendix A. */
export interface HorizontalFlip {
  op: 'horizontalFlip'
  probability: number
}

/** Top-bottom flip. Not in SimCLR; lightly's `vf_prob`, for images without an up. */
export interface VerticalFlip {
  op: 'verticalFlip'
  probability: number
}

/** A turn by a multiple of 90°. Not in SimCLR; lightly's `rr_prob`, which comes after its flips, too. */
export interface QuarterTurn {
  op: 'quarterTurn'
  probability: number
  /** `any`: by 90°, 180° or 270°, evenly; `left`: by 90° counter-clockwise alone, as lightly's. */
  mode: 'any' | 'left'
}

/**
 * Brightness, contrast, saturation and hue, each by a random amount, in random order, clipped to [0, 1] after
 * each. Paper §3, appendix A ("color distortion").
 */
export interface ColorJitter {
  op: 'colorJitter'
  probability: number
  /** `multiply`: x U[max(1 - b, 0), 1 + b] (v2 of the paper's code, torch); `add`: + U[-b, b] (v1). */
  brightness: number
  brightnessMode: 'multiply' | 'add'
  /** Factor U[max(1 - c, 0), 1 + c]. */
  contrast: number
  /** Factor U[max(1 - s, 0), 1 + s]. */
  saturation: number
  /** Shift U[-h, h], of a full turn. */
  hue: number
  /**
   * `exact` (default): in HSV, as both conventions have it; `fast`: a turn of colours about the axis of greys, one 3x3
   * matrix, which is another colour for all but greys and thirds of a turn (docs/augmentation.md has the error).
   */
  hueMode?: 'exact' | 'fast'
  /**
   * `paper`: contrast about each channel's mean, saturation in HSV; `torch`: contrast about the grey image's
   * mean, saturation by blending with the grey image.
   */
  operators: Convention
}

/** Grey on three channels, 0.2989 R + 0.587 G + 0.114 B. Paper appendix A ("color drop"). */
export interface Grayscale {
  op: 'grayscale'
  probability: number
}

/** Gaussian blur. Paper §3, appendix A. */
export interface GaussianBlur {
  op: 'gaussianBlur'
  probability: number
  /** Standard deviation, pixels. */
  sigma: Range
  /** Taps, odd; `auto`: a tenth of the view's size (23 at 224). */
  kernel: number | 'auto'
  /** What lies outside: `zero` darkens the border (paper), `reflect` mirrors the image (torch). */
  padding: 'zero' | 'reflect'
}

/** Inverts what is at or above a threshold. Not in SimCLR; BYOL's (arXiv 2006.07733, appendix B). */
export interface Solarize {
  op: 'solarize'
  probability: number
  threshold: number
}

/** (x - mean) / std of each channel. The torch convention's; the paper feeds [0, 1]. */
export interface Normalize {
  op: 'normalize'
  mean: Channels
  std: Channels
}

export type Operator =
  | RandomResizedCrop
  | CentralCrop
  | HorizontalFlip
  | VerticalFlip
  | QuarterTurn
  | ColorJitter
  | Grayscale
  | GaussianBlur
  | Solarize
  | Normalize

/** Operators in the order of execution, which is the order of {@link Operator}'s members; each at most once. */
export type Family = readonly Operator[]
