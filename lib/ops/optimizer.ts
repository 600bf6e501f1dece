/** `ops.lars`, `ops.sgd`, `ops.adam` and `ops.adamw`. */
import { z } from 'zod'
import type { OptimizerSpec, OptimizerVariable } from '../addon/interface.ts'
import { loadAddon } from '../addon/load.ts'
import { conventions } from '../config/groups.ts'
import { expected, invalid, validate } from '../config/messages.ts'
import { belowOne, choice, option, positive, real, yesNo } from '../config/option.ts'
import { adamEpsilon } from '../config/presets.ts'
import type { Must, Same } from '../config/same.ts'
import { checkArray, floats } from './arrays.ts'
import type { AdamOptions, LarsOptions, SgdOptions } from './types.ts'

const defaults = {
  lars: {
    convention: 'paper',
    momentum: 0.9,
    nesterov: false,
    weightDecay: 1e-6,
    trustCoefficient: 0.001,
    classicMomentum: true,
    epsilon: 1e-8,
  },
  sgd: { momentum: 0.9, nesterov: false, weightDecay: 0, decayAll: false },
  adam: { convention: 'torch', beta1: 0.9, beta2: 0.999, weightDecay: 0, decayAll: false },
  adamw: { weightDecay: 0.01 },
} as const

const momentumOf = ({ momentum, nesterov }: { momentum: number; nesterov: boolean }) => ({
  momentum: option(real(0, 1), { about: 'Share of the buffer that stays.', default: String(momentum) }),
  nesterov: option(yesNo(), { about: "Nesterov's look ahead.", default: String(nesterov) }),
})
const decayAll = ({ decayAll }: { decayAll: boolean }) =>
  option(yesNo(), {
    about: 'Excluded variables decay too, as in torch.optim without parameter groups.',
    default: String(decayAll),
  })
export const larsOptions = z.strictObject({
  convention: option(choice(conventions), {
    about: "'paper': tf2/lars_optimizer.py; 'torch': lightly/utils/lars.py.",
    default: defaults.lars.convention,
  }),
  ...momentumOf(defaults.lars),
  weightDecay: option(real(0), {
    about: 'Joins the gradient.',
    default: defaults.lars.weightDecay.toExponential(),
  }),
  trustCoefficient: option(positive(), {
    about: "η, the layers' trust coefficient.",
    default: String(defaults.lars.trustCoefficient),
  }),
  classicMomentum: option(yesNo(), {
    about: 'Only \'paper\': learning rate inside the momentum buffer, or the "popular" form.',
    default: String(defaults.lars.classicMomentum),
  }),
  epsilon: option(real(0), {
    about: "Only 'torch': joins the denominator.",
    default: String(defaults.lars.epsilon),
  }),
})
export const sgdOptions = z.strictObject({
  ...momentumOf(defaults.sgd),
  weightDecay: option(real(0), { about: 'Joins the gradient.', default: String(defaults.sgd.weightDecay) }),
  decayAll: decayAll(defaults.sgd),
})
export const adamOptions = z.strictObject({
  convention: option(choice(conventions), {
    about:
      "'torch': torch.optim's, epsilon joins the bias-corrected root; 'paper': tf.keras's, the root as it is.",
    default: defaults.adam.convention,
  }),
  beta1: option(belowOne(), {
    about: 'Share of the first moment that stays.',
    default: String(defaults.adam.beta1),
  }),
  beta2: option(belowOne(), {
    about: 'Share of the second moment that stays.',
    default: String(defaults.adam.beta2),
  }),
  epsilon: option(positive(), {
    about: 'Joins the denominator.',
    default: `${adamEpsilon('torch')}, in the convention 'paper' ${adamEpsilon('paper')}`,
  }),
  weightDecay: option(real(0), {
    about: 'Joins the gradient, in AdamW the step.',
    default: `${defaults.adam.weightDecay}, of AdamW ${defaults.adamw.weightDecay}`,
  }),
  decayAll: decayAll(defaults.adam),
})
export type { AdamOptions, LarsOptions, SgdOptions }

type _Lars = Must<Same<LarsOptions, z.input<typeof larsOptions>>>
type _Sgd = Must<Same<SgdOptions, z.input<typeof sgdOptions>>>
type _Adam = Must<Same<AdamOptions, z.input<typeof adamOptions>>>

/** One weight array, updated in place together with its momentum. */
export interface Variable {
  weight: Float32Array | Float64Array
  gradient: Float32Array | Float64Array
  /** Of the weight's length; zeros before the first step. */
  momentum: Float32Array | Float64Array
  /**
   * No weight decay and no adaptation: batch normalisation, biases, the supervised head. Default false.
   */
  excluded?: boolean | undefined
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
    convention = defaults.lars.convention,
    momentum = defaults.lars.momentum,
    nesterov = defaults.lars.nesterov,
    weightDecay = defaults.lars.weightDecay,
    trustCoefficient = defaults.lars.trustCoefficient,
    classicMomentum = defaults.lars.classicMomentum,
    epsilon = defaults.lars.epsilon,
  } = validate(larsOptions, options)
  const ofLars = { convention, trustCoefficient, classicMomentum, epsilon }
  check(variables, lr, ['momentum'])
  update({ name: 'lars', momentum, nesterov, weightDecay, ...ofLars }, variables, lr)
}

/** One step of SGD with momentum, as torch.optim.SGD: decay joins the gradient, lr stays outside the buffer. */
export function sgd(variables: Variable[], lr: number, options: SgdOptions = {}): void {
  const {
    momentum = defaults.sgd.momentum,
    nesterov = defaults.sgd.nesterov,
    weightDecay = defaults.sgd.weightDecay,
    decayAll = defaults.sgd.decayAll,
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
  excluded?: boolean | undefined
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
  adamStep('adam', { variables, lr, step }, options)
}

/** The same of AdamW (Loshchilov and Hutter 2019), as torch.optim.AdamW: weights shrink by lr · weightDecay besides. */
export function adamw(variables: AdamVariable[], lr: number, step: number, options: AdamOptions = {}): void {
  adamStep('adamw', { variables, lr, step }, options)
}

function adamStep(
  name: 'adam' | 'adamw',
  { variables, lr, step }: { variables: AdamVariable[]; lr: number; step: number },
  options: AdamOptions,
): void {
  const {
    convention = defaults.adam.convention,
    beta1 = defaults.adam.beta1,
    beta2 = defaults.adam.beta2,
    epsilon = adamEpsilon(convention),
    weightDecay = defaults[name].weightDecay,
    decayAll = defaults.adam.decayAll,
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
    excluded?: boolean | undefined
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
