/** From a family to the plan that native code executes. */
import { SimclrError } from '../addon/errors.ts'
import type { AugmentPlan } from '../addon/interface.ts'
import type { Family, Operator } from './operators.ts'

const order: readonly Operator['op'][] = [
  'randomResizedCrop',
  'centralCrop',
  'horizontalFlip',
  'verticalFlip',
  'quarterTurn',
  'colorJitter',
  'grayscale',
  'gaussianBlur',
  'solarize',
  'normalize',
]

/**
 * The plan of a family for views of `size` x `size` pixels. Without a crop the largest central square is
 * resized. Throws ERR_SIMCLR_INVALID_ARGUMENT for operators out of order or given twice.
 */
export function lower(family: Family, size: number): AugmentPlan {
  const plan: AugmentPlan = {
    size,
    crop: null,
    center: null,
    flip: 0,
    verticalFlip: 0,
    turn: null,
    jitter: null,
    gray: 0,
    blur: null,
    solarize: null,
    normalize: null,
  }
  let last = -1
  for (const operator of family) {
    const position = order.indexOf(operator.op)
    if (position <= last || (operator.op === 'centralCrop' && plan.crop !== null)) {
      const names = family.map(({ op }) => op).join(', ')
      throw new SimclrError(
        'ERR_SIMCLR_INVALID_ARGUMENT',
        `Expected each operator once, in the order ${order.join(', ')} (one crop of the two), ` +
          `for an augmentation family but received ${names}.`,
      )
    }
    last = position
    lowerOperator(operator, plan)
  }
  if (plan.crop === null) plan.center ??= { share: 1, filter: 'bilinear', antialias: true }
  return plan
}

function lowerOperator(operator: Operator, plan: AugmentPlan): void {
  switch (operator.op) {
    case 'randomResizedCrop': {
      const { sampling, area, aspect, filter, antialias } = operator
      plan.crop = { sampling, area, aspect, filter, antialias }
      break
    }
    case 'centralCrop': {
      const { share, filter, antialias } = operator
      plan.center = { share, filter, antialias }
      break
    }
    case 'horizontalFlip':
      plan.flip = operator.probability
      break
    case 'verticalFlip':
      plan.verticalFlip = operator.probability
      break
    case 'quarterTurn': {
      const { probability, mode } = operator
      plan.turn = { probability, mode }
      break
    }
    case 'colorJitter': {
      const { op, ...jitter } = operator
      plan.jitter = jitter
      break
    }
    case 'grayscale':
      plan.gray = operator.probability
      break
    case 'gaussianBlur': {
      const { probability, sigma, padding } = operator
      const kernel = operator.kernel === 'auto' ? blurKernel(plan.size) : operator.kernel
      plan.blur = { probability, sigma, kernel, padding }
      break
    }
    case 'solarize': {
      const { probability, threshold } = operator
      plan.solarize = { probability, threshold }
      break
    }
    case 'normalize':
      plan.normalize = { mean: operator.mean, std: operator.std }
      break
  }
}

/** Taps of the blur: a tenth of the image, made odd: 224 → 23, 96 → 9, 32 → 3 (tf2/data_util.py random_blur). */
export function blurKernel(size: number): number {
  return 2 * Math.floor(Math.floor(size / 10) / 2) + 1
}
