/** `ops.lars` and `ops.sgd`. */
import type { Convention, OptimizerSpec } from '../addon/interface.ts'
import { loadAddon } from '../addon/load.ts'

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
 * One step of LARS (You et al. 2017): each array's learning rate is scaled by η |w| / |g|.
 *
 * @example
 * const weight = Float32Array.of(1, 2), momentum = new Float32Array(2)
 * ops.lars([{ weight, momentum, gradient: Float32Array.of(0.1, -0.2) }], 0.3)
 */
export function lars(variables: Variable[], lr: number, options: LarsOptions = {}): void {
  const defaults = {
    name: 'lars',
    convention: 'paper',
    momentum: 0.9,
    nesterov: false,
    weightDecay: 1e-6,
    trustCoefficient: 0.001,
    classicMomentum: true,
    epsilon: 1e-8,
  } as const
  step({ ...defaults, ...options }, variables, lr)
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
  const defaults = { name: 'sgd', momentum: 0.9, nesterov: false, weightDecay: 0, decayAll: false } as const
  step({ ...defaults, ...options }, variables, lr)
}

function step(spec: OptimizerSpec, variables: Variable[], lr: number): void {
  loadAddon().optimizerStep(spec, variables, lr)
}
