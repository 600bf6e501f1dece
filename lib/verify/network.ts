/** The networks of golden files: a learner of their geometry, with the recipe's weights. */
import type {
  Arch,
  Convention,
  LearnerSpec,
  NativeLearner,
  NativeTensor,
  OptimizerSpec,
  Precision,
  Stem,
} from '../addon/interface.ts'
import { loadAddon } from '../addon/load.ts'
import { elementCount, tensorFrom, toFloat64 } from '../io/tensor.ts'
import { type RecipeKind, recipeValues } from './recipe.ts'
import { ourShape, place, toGoldenLayout, toOurLayout } from './roles.ts'

export interface GoldenVariable {
  role: string
  shape: number[]
  kind: RecipeKind
  /** paper */
  trainable?: boolean
}

export interface Network {
  depth: number
  width: number
  stem: Stem
  convention: Convention
  skRatio: number
}

export interface LearnerOptions {
  /** Of the head. */
  layers: number
  dim: number
  precision: Precision
  device: string
  temperature?: number
  normalize?: boolean
  /** Of the supervised head. */
  classes?: number
  optimizer?: OptimizerSpec
  exactSums?: boolean
}

const plainSgd: OptimizerSpec = {
  name: 'sgd',
  momentum: 0,
  nesterov: false,
  weightDecay: 0,
  decayAll: false,
}

/** A learner that a `using` declaration disposes of. */
export type DisposableLearner = NativeLearner & Disposable

export function learnerFor(network: Network, options: LearnerOptions): DisposableLearner {
  const { convention } = network
  const spec: LearnerSpec = {
    encoder: {
      arch: `resnet${network.depth}` as Arch,
      width: network.width,
      stem: network.stem,
      convention,
      skRatio: network.skRatio,
    },
    head: { layers: options.layers, dim: options.dim, convention },
    loss: {
      temperature: options.temperature ?? 0.1,
      scale: convention === 'paper' ? 2 : 1,
      normalize: options.normalize ?? true,
    },
    optimizer: options.optimizer ?? plainSgd,
    classes: options.classes ?? 0,
    precision: options.precision,
    device: options.device,
    shards: 1,
    seed: 0,
    exactSums: options.exactSums ?? false,
  }
  const learner = new (loadAddon().Learner)(spec) as DisposableLearner
  learner[Symbol.dispose] = () => learner.dispose()
  return learner
}

/** Golden variables placed in our state. */
export class Placed {
  readonly #byName: Map<string, GoldenVariable & { name: string; transposed: boolean }>

  constructor(variables: GoldenVariable[], convention: Convention) {
    const deepStem = variables.some(({ role }) => role === 'stem.conv1.kernel')
    this.#byName = new Map(
      variables.map((variable) => {
        const placement = place(variable.role, convention, deepStem)
        if (!placement) throw new RangeError(`Expected a role this package has but received ${variable.role}`)
        return [placement.name, { ...variable, ...placement }]
      }),
    )
  }

  /** The recipe's weights for `template`, a learner's fresh state: same names, shapes and order. */
  state(template: NativeTensor[], seed: number): NativeTensor[] {
    const used = new Set<string>()
    const tensors = template
      .filter(({ name }) => !name.startsWith('optimizer.'))
      .map((tensor) => {
        if (tensor.name.endsWith('.num_batches_tracked')) {
          used.add(tensor.name)
          return tensor
        }
        const variable = this.#byName.get(tensor.name)
        if (!variable) throw new RangeError(`The golden file has no variable for ${tensor.name}`)
        used.add(tensor.name)
        const { shape, transposed } = variable
        const ours = transposed ? ourShape(shape) : shape
        if (String(ours) !== String(tensor.shape)) {
          throw new RangeError(`Expected ${tensor.name} of shape [${ours}] but it has [${tensor.shape}]`)
        }
        const fanIn = elementCount(shape) / (transposed ? shape.at(-1)! : shape[0]!)
        const values = recipeValues(variable, seed, fanIn)
        return tensorFrom(tensor.name, ours, transposed ? toOurLayout(values, shape) : values)
      })
    const missing = [...this.#byName.keys()].filter((name) => !used.has(name))
    if (missing.length > 0) throw new RangeError(`This package has no ${missing.join(', ')}`)
    return tensors
  }

  /** Values of one of our tensors in the golden layout, under its role; undefined if it has none. */
  golden(tensor: NativeTensor): { role: string; values: Float64Array } | undefined {
    const variable = this.#byName.get(tensor.name)
    if (!variable) return undefined
    const values = toFloat64(tensor)
    return {
      role: variable.role,
      values: variable.transposed ? toGoldenLayout(values, variable.shape) : values,
    }
  }

  /** The same for many, by role. */
  goldenValues(tensors: NativeTensor[]): Map<string, Float64Array> {
    return new Map(
      tensors.flatMap((tensor) => {
        const placed = this.golden(tensor)
        return placed ? [[placed.role, placed.values] as const] : []
      }),
    )
  }
}

/** 8-bit images as the networks take them: float32(level) / float32(255). */
export function imagesOf(input: NativeTensor): NativeTensor {
  const levels = toFloat64(input)
  return tensorFrom(
    'images',
    input.shape,
    Float32Array.from(levels, (level) => Math.fround(level / 255)),
  )
}
