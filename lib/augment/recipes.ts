/** The named families: SimCLR's in both conventions, and what evaluation uses. */
import type { Convention } from '../addon/interface.ts'
import type { Channels, Family, Operator, Range } from './operators.ts'

/** SimCLR's family by its numbers; the `augment` options of `train()` have these names. */
export interface AugmentSettings {
  /** Crop sampling, resampling, contrast, saturation, blur padding. */
  convention: Convention
  cropArea: Range
  cropAspect: Range
  /** Probabilities. */
  flip: number
  verticalFlip: number
  quarterTurn: number
  jitter: number
  gray: number
  blur: number
  solarize: number
  quarterTurnMode: 'any' | 'left'
  /** Strengths of the colour jitter; see `colorStrength`. */
  brightness: number
  contrast: number
  saturation: number
  hue: number
  brightnessMode: 'multiply' | 'add'
  hueMode: 'exact' | 'fast'
  /** Pixels. */
  blurSigma: Range
  /** Both null: pixels stay in [0, 1]. */
  mean: Channels | null
  std: Channels | null
}

/** torchvision's statistics of ImageNet. */
export const imagenetMean: Channels = [0.485, 0.456, 0.406]
export const imagenetStd: Channels = [0.229, 0.224, 0.225]

/** Images up to this size (CIFAR) are neither blurred in training nor cropped in evaluation (tf2/data_util.py). */
export const smallImage = 32

/** What holds in both conventions. Paper appendix A. */
export const commonSettings: Pick<
  AugmentSettings,
  | 'cropArea'
  | 'cropAspect'
  | 'flip'
  | 'verticalFlip'
  | 'quarterTurn'
  | 'quarterTurnMode'
  | 'jitter'
  | 'brightnessMode'
  | 'hueMode'
  | 'gray'
  | 'blurSigma'
  | 'solarize'
> = {
  cropArea: [0.08, 1],
  cropAspect: [3 / 4, 4 / 3],
  flip: 0.5,
  verticalFlip: 0,
  quarterTurn: 0,
  quarterTurnMode: 'any',
  jitter: 0.8,
  brightnessMode: 'multiply',
  hueMode: 'exact',
  gray: 0.2,
  blurSigma: [0.1, 2],
  solarize: 0,
}

/** Probability of blur at a size. */
export function blurProbability(size: number): number {
  return size <= smallImage ? 0 : 0.5
}

/** Colour strength s: 0.8 s for brightness, contrast and saturation, 0.2 s for hue. Paper appendix A. */
export function colorStrength(s: number) {
  return { brightness: 0.8 * s, contrast: 0.8 * s, saturation: 0.8 * s, hue: 0.2 * s }
}

/** Whether and how pixels are normalised. */
export function normalization(convention: Convention): Pick<AugmentSettings, 'mean' | 'std'> {
  return convention === 'torch' ? { mean: imagenetMean, std: imagenetStd } : { mean: null, std: null }
}

/** The family of these settings; operators that never act are left out. */
export function simclrFamily(settings: AugmentSettings): Family {
  const { convention } = settings
  const family: Operator[] = [
    {
      op: 'randomResizedCrop',
      sampling: convention,
      area: settings.cropArea,
      aspect: settings.cropAspect,
      ...resampling(convention),
    },
    { op: 'horizontalFlip', probability: settings.flip },
    { op: 'verticalFlip', probability: settings.verticalFlip },
    { op: 'quarterTurn', probability: settings.quarterTurn, mode: settings.quarterTurnMode },
    {
      op: 'colorJitter',
      probability: settings.jitter,
      brightness: settings.brightness,
      brightnessMode: settings.brightnessMode,
      contrast: settings.contrast,
      saturation: settings.saturation,
      hue: settings.hue,
      hueMode: settings.hueMode,
      operators: convention,
    },
    { op: 'grayscale', probability: settings.gray },
    {
      op: 'gaussianBlur',
      probability: settings.blur,
      sigma: settings.blurSigma,
      kernel: 'auto',
      padding: convention === 'paper' ? 'zero' : 'reflect',
    },
    { op: 'solarize', probability: settings.solarize, threshold: 0.5 },
  ]
  const acting = family.filter((operator) => !('probability' in operator) || operator.probability > 0)
  return [...acting, ...normalize(settings)]
}

/** Settings of a convention at a colour strength, for views of `size`. */
export function simclrSettings(convention: Convention, size: number, strength: number): AugmentSettings {
  return {
    convention,
    ...commonSettings,
    ...colorStrength(strength),
    ...normalization(convention),
    blur: blurProbability(size),
  }
}

/**
 * What images go through when they are embedded or evaluated: the central 0.875, or the whole image up to
 * 32 px; nothing random. Paper appendix B.5, tf2/data_util.py preprocess_for_eval.
 */
export function evaluationFamily(
  convention: Convention,
  size: number,
  pixels: Pick<AugmentSettings, 'mean' | 'std'> = normalization(convention),
): Family {
  const share = size <= smallImage ? 1 : 0.875
  return [{ op: 'centralCrop', share, ...resampling(convention) }, ...normalize(pixels)]
}

/** TensorFlow's bicubic does not antialias; torchvision's bilinear does. */
function resampling(convention: Convention) {
  return convention === 'paper'
    ? ({ filter: 'bicubic', antialias: false } as const)
    : ({ filter: 'bilinear', antialias: true } as const)
}

function normalize({ mean, std }: Pick<AugmentSettings, 'mean' | 'std'>): Operator[] {
  if (mean === null && std === null) return []
  return [{ op: 'normalize', mean: mean ?? [0, 0, 0], std: std ?? [1, 1, 1] }]
}

/** The families that have a name, with the size of view each is meant for. */
export const recipes = {
  /** Paper appendix A. */
  paperImagenet: { size: 224, family: simclrFamily(simclrSettings('paper', 224, 1)) },
  /** Paper appendix B.9: half the colour strength, no blur. */
  paperCifar: { size: 32, family: simclrFamily(simclrSettings('paper', 32, 0.5)) },
  /** lightly's SimCLRTransform on torchvision's operators. */
  torchImagenet: { size: 224, family: simclrFamily(simclrSettings('torch', 224, 1)) },
  /** lightly's for CIFAR: cj_strength 0.5, no blur. */
  torchCifar: { size: 32, family: simclrFamily(simclrSettings('torch', 32, 0.5)) },
} as const satisfies Record<string, { size: number; family: Family }>
