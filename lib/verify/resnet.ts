/**
 * resnet_*: features, head outputs, statistics, loss and gradients of whole networks; tf2/resnet.py and
 * tf2/model.py (paper), torchvision and lightly (torch).
 */
import type { Convention, GradientResult, NativeTensor, Precision, Stem } from '../addon/interface.ts'
import { elementCount, toFloat64 } from '../io/tensor.ts'
import { relativeL2, type Summary, summaryError } from './compare.ts'
import type { Golden } from './golden.ts'
import {
  type DisposableLearner,
  type GoldenVariable,
  imagesOf,
  learnerFor,
  type Network,
  Placed,
} from './network.ts'
import type { Report } from './report.ts'

interface ResnetGolden {
  depth: number
  width_multiplier?: number
  sk_ratio?: number
  stem: Stem
  recipe_seed: number
  temperature: number
  hidden_norm?: boolean
  proj_out_dim?: number
  input_tensor?: string
  variables: GoldenVariable[]
  num_parameters_encoder: number
  num_parameters_head3?: number
  eval_group_outputs?: Record<string, Summary>
  train_group_outputs?: Record<string, Summary>
  grads?: Record<string, Summary>
  grad_samples?: Record<string, { stride: number }>
  global_grad_norm?: number
  [headValue: `head${number}_${string}`]: number | undefined
}

/** float64 networks agree with the float64 reference to this, relative. */
const float64Tolerance = 1e-6

/** What single ReLUs near zero, on the other side by rounding, may do to a variable's gradient in float32. */
const flippedTolerance = 5e-2

export async function verifyResnet(golden: Golden, report: Report, device: string): Promise<void> {
  for (const precision of ['fp32', 'fp64'] as const) {
    const convention = golden.file.startsWith('resnet_torch') ? 'torch' : 'paper'
    for (const layers of headsOf(golden, convention)) {
      await new HeadCheck(golden, report, { convention, precision, device, layers }).run()
    }
  }
}

/** The heads a file has numbers of, the one with gradients last (it has the encoder's numbers too). */
function headsOf(golden: Golden, convention: Convention): number[] {
  if (convention === 'torch') return [2]
  return golden.json.head2_loss === undefined ? [3] : [2, 3]
}

interface Check {
  convention: Convention
  precision: Precision
  device: string
  layers: number
}

/** One network with one head in one precision. */
class HeadCheck {
  readonly #golden: Golden
  readonly #report: Report
  readonly #check: Check
  readonly #json: ResnetGolden
  readonly #variables: GoldenVariable[]
  readonly #placed: Placed

  constructor(golden: Golden, report: Report, check: Check) {
    this.#golden = golden
    this.#report = report
    this.#check = check
    this.#json = golden.as<ResnetGolden>()
    this.#variables = variablesWithHead(this.#json, check)
    this.#placed = new Placed(this.#variables, check.convention)
  }

  async run(): Promise<void> {
    const { recipe_seed: seed, input_tensor: input = 'input_u8' } = this.#json
    using learner = this.#learner()
    const images = imagesOf(await this.#golden.reference(input))
    const fresh = this.#placed.state(await learner.state(), seed)
    if (this.#main) this.#parameters(learner)

    await learner.load(fresh)
    if (this.#main) await this.#evaluation(learner, images)
    await this.#training(learner, images)
    if (this.#main) await this.#statistics(learner, images)

    if (this.#head('loss') === undefined) return
    await learner.load(fresh)
    await this.#gradients(await learner.gradients(images, null))
    if (this.#main && this.#check.precision === 'fp32') await this.#exactGradients(images, fresh)
  }

  /** The head whose run also covers the encoder. */
  get #main(): boolean {
    return this.#check.layers === headsOf(this.#golden, this.#check.convention).at(-1)
  }

  #learner(exactSums = false): DisposableLearner {
    const { depth, width_multiplier: width = 1, sk_ratio: skRatio = 0, stem, temperature } = this.#json
    const { convention, precision, device, layers } = this.#check
    const network: Network = { depth, width, stem, convention, skRatio }
    const { proj_out_dim: dim = headWidth(this.#variables), hidden_norm: normalize = true } = this.#json
    return learnerFor(network, { layers, dim, precision, device, temperature, normalize, exactSums })
  }

  #head(what: string): number | undefined {
    return this.#json[`head${this.#check.layers}_${what}`]
  }

  /** In fp32 the file's own tolerance; in fp64 the reference's, which ran in float64. */
  #tolerance(name: string, otherwise: number): number {
    return this.#check.precision === 'fp64' ? float64Tolerance : this.#golden.tolerance(name, otherwise)
  }

  #add(quantity: string, error: number, tolerance: number): void {
    this.#report.add(`${quantity} ${this.#check.precision}`, error, tolerance)
  }

  async #addArray(name: string, actual: NativeTensor | null, tolerance: number): Promise<void> {
    if (!(await this.#golden.has(name))) return
    if (!actual) throw new RangeError(`No ${name} was computed`)
    this.#add(name, relativeL2(toFloat64(actual), await this.#golden.values(name)), tolerance)
  }

  #parameters({ parameterCount }: DisposableLearner): void {
    const { num_parameters_encoder: encoder, num_parameters_head3: head } = this.#json
    this.#add('parameters of the encoder', Math.abs(parameterCount.encoder - encoder), 0)
    if (head !== undefined && this.#check.layers === 3)
      this.#add('parameters of the head', Math.abs(parameterCount.head - head), 0)
  }

  async #evaluation(learner: DisposableLearner, images: NativeTensor): Promise<void> {
    const { layers } = this.#check
    const { features, hidden, projections, groups } = await learner.forward(images, {
      training: false,
      groups: true,
    })
    const tolerance = this.#tolerance('features_eval', 1e-5)
    await this.#addArray('features_eval', features, tolerance)
    await this.#addArray(`head${layers}_eval`, projections, tolerance)
    await this.#addArray(`head${layers}_hidden1_eval`, hidden, tolerance)
    this.#groups('eval', groups, this.#json.eval_group_outputs, tolerance)
  }

  async #training(learner: DisposableLearner, images: NativeTensor): Promise<void> {
    const { features, projections, groups } = await learner.forward(images, { training: true, groups: true })
    if (this.#main) {
      const tolerance = this.#tolerance('features_train', 1e-4)
      await this.#addArray('features_train', features, tolerance)
      this.#groups('train', groups, this.#json.train_group_outputs, tolerance)
    }
    const tolerance = this.#tolerance('head_train', 5e-4)
    await this.#addArray(`head${this.#check.layers}_train`, projections, tolerance)
  }

  #groups(
    mode: string,
    groups: NativeTensor[],
    summaries: Record<string, Summary> = {},
    tolerance: number,
  ): void {
    for (const [name, summary] of Object.entries(summaries)) {
      const group = groups.find((tensor) => tensor.name === name)
      if (!group) throw new RangeError(`No output of ${name} was computed`)
      this.#add(`${mode} ${name}`, summaryError(toFloat64(group), summary, `act.${name}`), tolerance)
    }
  }

  /** Moving statistics after one training forward, and what evaluation makes of them. */
  async #statistics(learner: DisposableLearner, images: NativeTensor): Promise<void> {
    const tolerance = this.#tolerance('moving_statistics', 1e-4)
    const values = this.#placed.goldenValues(await learner.state())
    for (const role of await this.#golden.names('after/')) {
      const actual = values.get(role)
      if (!actual) continue // of a head that this network has not
      this.#add(`after ${role}`, relativeL2(actual, await this.#golden.values(`after/${role}`)), tolerance)
    }
    if (!(await this.#golden.has('features_eval_after'))) return
    const { features } = await learner.forward(images, { training: false, groups: false })
    await this.#addArray('features_eval_after', features, tolerance)
  }

  async #gradients(result: GradientResult): Promise<void> {
    const { layers } = this.#check
    const loss = this.#head('loss')!
    const scale = this.#check.precision === 'fp64' ? Math.max(1, Math.abs(loss)) : 1
    this.#add(
      `head${layers}_loss`,
      Math.abs(result.loss - loss) / scale,
      this.#tolerance('loss_absolute', 5e-4),
    )
    const accuracy = this.#head('contrast_acc')
    if (accuracy !== undefined)
      this.#add(`head${layers}_contrast_acc`, Math.abs(result.contrastiveAccuracy! - accuracy), 1e-6)
    const norm = this.#head('global_grad_norm') ?? this.#json.global_grad_norm
    if (norm !== undefined)
      this.#add(
        `head${layers}_global_grad_norm`,
        Math.abs(result.gradientNorm - norm) / norm,
        this.#tolerance('gradient_global_norm', 1e-3),
      )
    if (this.#main) await this.#gradientsByVariable(result)
  }

  /** float32 values whose products are summed in float64 round alike everywhere: the file's own tolerance holds. */
  async #exactGradients(images: NativeTensor, fresh: NativeTensor[]): Promise<void> {
    using learner = this.#learner(true)
    await learner.load(fresh)
    const tolerance = this.#tolerance('gradient_per_variable', flippedTolerance)
    const add = (quantity: string, error: number) =>
      this.#report.add(`${quantity} fp32, sums in fp64`, error, tolerance)
    await this.#eachGradient(await learner.gradients(images, null), add)
  }

  /** The kernels that train: in float32 each machine rounds differently, and ReLUs near zero follow suit. */
  async #gradientsByVariable(result: GradientResult): Promise<void> {
    const { precision } = this.#check
    const asked = this.#tolerance('gradient_per_variable', flippedTolerance)
    const tolerance = precision === 'fp64' ? asked : Math.max(asked, flippedTolerance)
    const note = tolerance > asked ? `${asked} with sums in fp64: docs/exactness.md` : undefined
    const add = (quantity: string, error: number) =>
      this.#report.add(`${quantity} ${precision}`, error, tolerance, note)
    await this.#eachGradient(result, add)
  }

  async #eachGradient(
    { gradients, gradientNorm }: GradientResult,
    add: (quantity: string, error: number) => void,
  ): Promise<void> {
    const values = this.#placed.goldenValues(gradients)
    // A gradient that is zero but for rounding is measured against the whole one.
    const floor = 1e-6 * (this.#head('global_grad_norm') ?? this.#json.global_grad_norm ?? gradientNorm)
    for (const [role, summary] of Object.entries(this.#json.grads ?? {})) {
      const actual = values.get(role)
      if (!actual) throw new RangeError(`No gradient of ${role} was computed`)
      add(`grad ${role}`, summaryError(actual, summary, `grad.${role}`, floor))
    }
    for (const [role, { stride }] of Object.entries(this.#json.grad_samples ?? {})) {
      const sample = values.get(role)!.filter((_, i) => i % stride === 0)
      const expected = await this.#golden.values(`grad/${role}`)
      const shareOfNorm = Math.sqrt(sample.length / values.get(role)!.length)
      add(`grad ${role} values`, relativeL2(sample, expected, floor * shareOfNorm))
    }
  }
}

/** The file's variables with a head of `layers` layers, without the supervised head. */
function variablesWithHead(json: ResnetGolden, { convention, layers }: Check): GoldenVariable[] {
  const variables = json.variables.filter(({ role }) => !role.startsWith('supervised.'))
  if (convention === 'torch' || layers === 3) return variables
  // The shorter head has the same roles; its last layer is narrow and has no shift.
  const kept = variables.filter(({ role }) => !/^head\.[1-9]/.test(role))
  const width = variables.find(({ role }) => role === 'head.0.dense.kernel')!.shape[0]!
  const dim = json.proj_out_dim ?? headWidth(variables)
  return [
    ...kept,
    { role: 'head.1.dense.kernel', shape: [width, dim], kind: 'kernel' },
    { role: 'head.1.bn.gamma', shape: [dim], kind: 'gamma' },
    { role: 'head.1.bn.moving_mean', shape: [dim], kind: 'mean' },
    { role: 'head.1.bn.moving_variance', shape: [dim], kind: 'var' },
  ]
}

/** Outputs of the last head layer. */
function headWidth(variables: GoldenVariable[]): number {
  const last = variables.filter(({ role }) => role.startsWith('head.')).at(-1)
  return last && elementCount(last.shape) > 1 ? last.shape[0]! : 128
}
