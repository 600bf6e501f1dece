/** lars_*: optimizer traces; tf2/lars_optimizer.py (paper), lightly/utils/lars.py (torch). */
import type { OptimizerSpec } from '../addon/interface.ts'
import { loadAddon } from '../addon/load.ts'
import { elementCount } from '../io/tensor.ts'
import { largest, largestDifference } from './compare.ts'
import type { Golden } from './golden.ts'
import type { Report } from './report.ts'

interface Variable {
  index: number
  name: string
  shape: number[]
  /** torch; the paper's file has patterns. */
  excluded?: boolean
}

interface Config {
  id: string
  weight_decay: number
  use_nesterov: boolean
  momentum: number
  /** paper */
  classic_momentum?: boolean
  eeta?: number
  /** torch */
  eta?: number
  eps?: number
}

interface LarsGolden {
  inputs?: string
  steps: number
  lr: number[]
  variables: Variable[]
  exclude_from_weight_decay?: string[]
  exclude_from_layer_adaptation?: string[] | string
  configs: Config[]
}

type Numbers = Float32Array | Float64Array

export async function verifyLars(golden: Golden, report: Report, device: string): Promise<void> {
  const { variables, lr, configs, inputs, ...rest } = golden.as<LarsGolden>()
  // "lars_paper.safetensors (init/*, grad/*)"
  const from = inputs?.split(' ')[0]
  const patterns = rest.exclude_from_weight_decay ?? []
  const adaptation = rest.exclude_from_layer_adaptation
  if (Array.isArray(adaptation) && adaptation.join() !== patterns.join()) {
    throw new RangeError('Expected the same variables outside weight decay and outside adaptation')
  }
  const excluded = ({ name, excluded: given }: Variable) =>
    given ?? patterns.some((pattern) => new RegExp(pattern).test(name))

  for (const config of configs) {
    const traces = await Promise.all(
      variables.map(async (variable) => ({
        variable,
        excluded: excluded(variable),
        init: await golden.values(`init/${variable.index}`, from),
        gradients: await golden.values(`grad/${variable.index}`, from),
        weights: await golden.values(`${config.id}/w/${variable.index}`),
        // Without momentum the original keeps no buffer.
        momentum:
          config.momentum === 0 ? null : await golden.values(`${config.id}/v_final/${variable.index}`),
      })),
    )
    for (const precision of ['fp32', 'fp64'] as const) {
      const make = (values: ArrayLike<number>): Numbers =>
        precision === 'fp32' ? Float32Array.from(values) : Float64Array.from(values)
      const states = traces.map(({ init, excluded }) => ({
        weight: make(init),
        momentum: make(new Float64Array(init.length)),
        gradient: make(init),
        excluded,
      }))
      const weights = traces.map(({ weights: { length } }) => new Float64Array(length))
      lr.forEach((rate, step) => {
        states.forEach((state, i) => {
          const size = elementCount(traces[i]!.variable.shape)
          state.gradient.set(traces[i]!.gradients.subarray(step * size, (step + 1) * size))
        })
        loadAddon().optimizerStep(specOf(golden, config), states, rate, device)
        states.forEach(({ weight }, i) => {
          weights[i]!.set(weight, step * weight.length)
        })
      })
      traces.forEach(({ variable, ...expected }, i) => {
        const add = (what: string, actual: ArrayLike<number>, wanted: Float64Array) =>
          report.add(
            `${config.id} ${what} ${variable.name} ${precision}`,
            largestDifference(actual, wanted) / (largest(wanted) || 1),
            golden.tolerance([what], 1e-5),
          )
        add('weights', weights[i]!, expected.weights)
        if (expected.momentum) add('momentum', states[i]!.momentum, expected.momentum)
      })
    }
  }
}

function specOf(golden: Golden, config: Config): OptimizerSpec {
  return {
    name: 'lars',
    convention: golden.file.startsWith('lars_torch') ? 'torch' : 'paper',
    momentum: config.momentum,
    nesterov: config.use_nesterov,
    weightDecay: config.weight_decay,
    trustCoefficient: config.eeta ?? config.eta ?? 0.001,
    classicMomentum: config.classic_momentum ?? true,
    epsilon: config.eps ?? 0,
  }
}
