/** `ops.lars`, `ops.sgd`, `ops.adam` and `ops.adamw`. */
import { z } from 'zod'
import type { Convention, OptimizerSpec, OptimizerVariable } from '../addon/interface.ts'
import { loadAddon } from '../addon/load.ts'
import { conventions } from '../config/groups.ts'
import { expected, invalid, validate } from '../config/messages.ts'
import { belowOne, choice, option, positive, real, yesNo } from '../config/option.ts'
import { adamEpsilon } from '../config/presets.ts'
import { checkArray, floats } from './arrays.ts'

const shared = {
  momentum: option(real(0, 1), { about: 'Share of the buffer that stays.', default: '0.9' }),
  nesterov: option(yesNo(), { about: "Nesterov's look ahead.", default: 'false' }),
  weightDecay: option(real(0), { about: 'Joins the gradient.', default: '1e-6 of LARS, 0 of SGD' }),
}
const decayAll = option(yesNo(), { about: 'Excluded variables decay too.', default: 'false' })
const larsOptions = z.strictObject({
  ...shared,
  convention: option(choice(conventions), { about: 'Whose LARS.', default: 'paper' }),
  trustCoefficient: option(positive(), { about: 'η.', default: '0.001' }),
  classicMomentum: option(yesNo(), { about: 'Learning rate inside the buffer (paper).', default: 'true' }),
  epsilon: option(real(0), { about: 'Joins the denominator (torch).', default: '1e-8' }),
})
const sgdOptions = z.strictObject({ ...shared, decayAll })
const adamOptions = z.strictObject({
  convention: option(choice(conventions), { about: 'Whose Adam.', default: 'torch' }),
  beta1: option(belowOne(), { about: 'Share of the first moment that stays.', default: '0.9' }),
  beta2: option(belowOne(), { about: 'Share of the second moment that stays.', default: '0.999' }),
  epsilon: option(positive(), { about: 'Joins the denominator.', default: '1e-8, in the paper 1e-7' }),
  weightDecay: option(real(0), {
    about: 'Joins the gradient, in AdamW the step.',
    default: '0, of AdamW 0.01',
  }),
  decayAll,
})

/** One weight array, updated in place together with its momentum. */
export interface Variable {
  weight: Float32Array | Float64Array
  gradient: Float32Array | Float64Array
  /** Of the weight's length; zeros before the first step. */
  momentum: Float32Array | Float64Array
  /**
   * No weight decay and no adaptation: batch normalisation, biases, the supervised head. Default false.
   */
  excluded?: boolean
}

export interface LarsOptions {
  /** `paper` (default): tf2/lars_optimizer.py; `torch`: lightly/utils/lars.py. */
  convention?: Convention
  /** Default 0.9. */
  momentum?: number
  /** Default false. */
  nesterov?: boolean
  /** Default 1e-6. */
  weightDecay?: number
  /** η. Default 0.001. */
  trustCoefficient?: number
  /** Only `paper`: learning rate inside the momentum buffer (default), or the "popular" form. */
  classicMomentum?: boolean
  /** Only `torch`. Default 1e-8. */
  epsilon?: number
}

/**
 * One step of LARS (You et al. 2017): each array's learning rate is scaled by η |w| / |g|. All arrays are of one class.
 * Throws ERR_SIMCLR_INVALID_ARGUMENT.
 *
 * @example
 * const weight = Float32Array.of(1, 2), momentum = new Float32Array(2)
 * ops.lars([{ weight, momentum, gradient: Float32Array.of(0.1, -0.2) }], 0.3)
 */
export function lars(variables: Variable[], lr: number, options: LarsOptions = {}): void {
  const {
    convention = 'paper',
    momentum = 0.9,
    nesterov = false,
    weightDecay = 1e-6,
    trustCoefficient = 0.001,
    classicMomentum = true,
    epsilon = 1e-8,
  } = validate(larsOptions, options)
  const ofLars = { convention, trustCoefficient, classicMomentum, epsilon }
  check(variables, lr, ['momentum'])
  update({ name: 'lars', momentum, nesterov, weightDecay, ...ofLars }, variables, lr)
}

export interface SgdOptions {
  /** Default 0.9. */
  momentum?: number
  /** Default false. */
  nesterov?: boolean
  /** Default 0. */
  weightDecay?: number
  /** Excluded variables decay too, as in torch.optim.SGD without parameter groups. Default false. */
  decayAll?: boolean
}

/** One step of SGD with momentum, as torch.optim.SGD: decay joins the gradient, lr stays outside the buffer. */
export function sgd(variables: Variable[], lr: number, options: SgdOptions = {}): void {
  const {
    momentum = 0.9,
    nesterov = false,
    weightDecay = 0,
    decayAll = false,
  } = validate(sgdOptions, options)
  check(variables, lr, ['momentum'])
  update({ name: 'sgd', momentum, nesterov, weightDecay, decayAll }, variables, lr)
}

/** One weight array, updated in place together with its moments. */
export interface AdamVariable {
  weight: Float32Array | Float64Array
  gradient: Float32Array | Float64Array
  /** Running mean of the gradients, torch.optim's `exp_avg`. Of the weight's length; zeros before the first step. */
  firstMoment: Float32Array | Float64Array
  /** Running mean of their squares, `exp_avg_sq`; likewise. */
  secondMoment: Float32Array | Float64Array
  /** No weight decay: batch normalisation, biases, the supervised head. Default false. */
  excluded?: boolean
}

export interface AdamOptions {
  /** `torch` (default): torch.optim's, epsilon joins the bias-corrected root; `paper`: tf.keras's, the root as it is. */
  convention?: Convention
  /** Share of the first moment that stays, below 1. Default 0.9. */
  beta1?: number
  /** Share of the second moment that stays, below 1. Default 0.999. */
  beta2?: number
  /** Above 0. Default 1e-8, in the convention `paper` 1e-7. */
  epsilon?: number
  /** Default 0, of AdamW 0.01. */
  weightDecay?: number
  /** Excluded variables decay too, as in torch.optim without parameter groups. Default false. */
  decayAll?: boolean
}

/**
 * One step of Adam (Kingma and Ba 2015), as torch.optim.Adam: decay joins the gradient. `step` is the number of these
 * variables' steps with this one, 1 at the first. All arrays are of one class. Throws ERR_SIMCLR_INVALID_ARGUMENT.
 *
 * @example
 * const weight = Float32Array.of(1, 2), firstMoment = new Float32Array(2), secondMoment = new Float32Array(2)
 * for (let step = 1; step <= 10; step++)
 *   ops.adam([{ weight, firstMoment, secondMoment, gradient: weight.slice() }], 0.001, step)
 */
export function adam(variables: AdamVariable[], lr: number, step: number, options: AdamOptions = {}): void {
  adamStep('adam', 0, variables, lr, step, options)
}

/** The same of AdamW (Loshchilov and Hutter 2019), as torch.optim.AdamW: weights shrink by lr · weightDecay besides. */
export function adamw(variables: AdamVariable[], lr: number, step: number, options: AdamOptions = {}): void {
  adamStep('adamw', 0.01, variables, lr, step, options)
}

function adamStep(
  name: 'adam' | 'adamw',
  ownDecay: number,
  variables: AdamVariable[],
  lr: number,
  step: number,
  options: AdamOptions,
): void {
  const {
    convention = 'torch',
    beta1 = 0.9,
    beta2 = 0.999,
    epsilon = adamEpsilon(convention),
    weightDecay = ownDecay,
    decayAll = false,
  } = validate(adamOptions, options)
  check(variables, lr, ['firstMoment', 'secondMoment'])
  if (!(Number.isSafeInteger(step) && step >= 1)) {
    const advice = "It is the number of these variables' steps with this one."
    throw invalid(expected('an integer of at least 1', 'step', step, advice))
  }
  const alike = variables.map(({ firstMoment, ...rest }) => ({ ...rest, momentum: firstMoment }))
  update({ name, convention, beta1, beta2, epsilon, weightDecay, decayAll }, alike, lr, step)
}

function update(spec: OptimizerSpec, variables: OptimizerVariable[], lr: number, step?: number): void {
  loadAddon().optimizerStep(spec, variables, lr, 'cpu', step)
}

/** Throws ERR_SIMCLR_INVALID_ARGUMENT for variables without such buffers, and for what is no learning rate. */
function check<Buffer extends string>(
  variables: readonly ({ [name in 'weight' | 'gradient' | Buffer]: Float32Array | Float64Array } & {
    excluded?: boolean
  })[],
  lr: number,
  buffers: readonly Buffer[],
): void {
  const arrays = ['gradient', ...buffers] as const
  if (!Array.isArray(variables)) {
    const what = `an array of { weight, ${arrays.join(', ')} }`
    throw invalid(expected(what, 'variables', variables, ''))
  }
  for (const [i, variable] of variables.entries()) {
    const name = `variables[${i}]`
    const weight = variable?.weight
    checkArray(weight, `${name}.weight`, floats)
    for (const key of arrays) {
      const values = variable[key]
      checkArray(values, `${name}.${key}`, [weight.constructor as Float32ArrayConstructor])
      if (values.length === weight.length) continue
      const advice = 'They belong to the weights one by one.'
      const what = `${weight.length} numbers, as many as weights,`
      throw invalid(expected(what, `${name}.${key}.length`, values.length, advice))
    }
  }
  if (!(Number.isFinite(lr) && lr >= 0))
    throw invalid(expected('a number of at least 0', 'lr', lr, 'It is the learning rate.'))
}
