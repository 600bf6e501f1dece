/** `ops.lars` and `ops.sgd`. */
import { z } from 'zod'
import type { Convention, OptimizerSpec } from '../addon/interface.ts'
import { loadAddon } from '../addon/load.ts'
import { conventions } from '../config/groups.ts'
import { expected, invalid, validate } from '../config/messages.ts'
import { choice, option, positive, real, yesNo } from '../config/option.ts'
import { checkArray, floats } from './arrays.ts'

const shared = {
  momentum: option(real(0, 1), { about: 'Share of the buffer that stays.', default: '0.9' }),
  nesterov: option(yesNo(), { about: "Nesterov's look ahead.", default: 'false' }),
  weightDecay: option(real(0), { about: 'Joins the gradient.', default: '1e-6 of LARS, 0 of SGD' }),
}
const larsOptions = z.strictObject({
  ...shared,
  convention: option(choice(conventions), { about: 'Whose LARS.', default: 'paper' }),
  trustCoefficient: option(positive(), { about: 'η.', default: '0.001' }),
  classicMomentum: option(yesNo(), { about: 'Learning rate inside the buffer (paper).', default: 'true' }),
  epsilon: option(real(0), { about: 'Joins the denominator (torch).', default: '1e-8' }),
})
const sgdOptions = z.strictObject({
  ...shared,
  decayAll: option(yesNo(), { about: 'Excluded variables decay too.', default: 'false' }),
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
  step({ name: 'lars', momentum, nesterov, weightDecay, ...ofLars }, variables, lr)
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
  step({ name: 'sgd', momentum, nesterov, weightDecay, decayAll }, variables, lr)
}

function step(spec: OptimizerSpec, variables: Variable[], lr: number): void {
  if (!Array.isArray(variables)) {
    throw invalid(expected('an array of { weight, gradient, momentum }', 'variables', variables, ''))
  }
  for (const [i, variable] of variables.entries()) checkVariable(variable, `variables[${i}]`)
  if (!(Number.isFinite(lr) && lr >= 0))
    throw invalid(expected('a number of at least 0', 'lr', lr, 'It is the learning rate.'))
  loadAddon().optimizerStep(spec, variables, lr)
}

function checkVariable(variable: Variable, name: string): void {
  const { weight, gradient, momentum } = variable ?? {}
  checkArray(weight, `${name}.weight`, floats)
  for (const [key, values] of Object.entries({ gradient, momentum })) {
    checkArray(values, `${name}.${key}`, [weight.constructor as Float32ArrayConstructor])
    if (values.length === weight.length) continue
    const advice = 'They belong to the weights one by one.'
    throw invalid(
      expected(
        `${weight.length} numbers, as many as weights,`,
        `${name}.${key}.length`,
        values.length,
        advice,
      ),
    )
  }
}
