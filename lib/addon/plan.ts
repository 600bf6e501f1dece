/** How views are made, and how one was: part of the boundary (interface.ts). */
import type { Convention } from './specs.ts'

/** What lib/augment lowers its typed data to; null leaves the operator out. Order of execution as listed. */
export interface AugmentPlan {
  /** Output height = width, pixels. */
  size: number
  /** Random resized crop; null: `center` alone decides the geometry. */
  crop: {
    /** `paper`: aspect uniform, height uniform, boxes < 10 % rejected, 100 attempts; `torch`: area uniform, log aspect, 10 attempts. */
    sampling: Convention
    area: [number, number]
    aspect: [number, number]
    filter: 'bilinear' | 'bicubic'
    antialias: boolean
  } | null
  /** Without crop: central share of the image that is kept (0.875 for ImageNet evaluation, 1 = all), then resized. */
  center: { share: number; filter: 'bilinear' | 'bicubic'; antialias: boolean } | null
  flip: number
  verticalFlip: number
  /** `any`: by 90°, 180° or 270°, evenly; `left`: by 90° counter-clockwise alone. */
  turn: { probability: number; mode: 'any' | 'left' } | null
  jitter: {
    probability: number
    brightness: number
    contrast: number
    saturation: number
    hue: number
    /** `paper`: per-channel mean contrast, HSV saturation; `torch`: grey-mean contrast, blend saturation. */
    operators: Convention
    /** paper v1 adds, v2 multiplies. */
    brightnessMode: 'multiply' | 'add'
    /** `fast`: hue turns colours about grey instead of in HSV. Default `exact`. */
    hueMode?: 'exact' | 'fast'
  } | null
  gray: number
  blur: { probability: number; sigma: [number, number]; kernel: number; padding: 'zero' | 'reflect' } | null
  solarize: { probability: number; threshold: number } | null
  normalize: { mean: [number, number, number]; std: [number, number, number] } | null
}

/** What was drawn for one view: tests and the contact sheet read it; null where an operator was not applied. */
export interface ViewParameters {
  crop: { x: number; y: number; width: number; height: number } | null
  flip: boolean
  verticalFlip: boolean
  /** By 90° counter-clockwise, after the flips: 0, 1, 2 or 3. */
  turns: number
  jitter: { order: number[]; brightness: number; contrast: number; saturation: number; hue: number } | null
  gray: boolean
  blur: { sigma: number } | null
  solarize: boolean
}
