/** What `simclr verify` found, condensed to what docs/exactness.md shows: one row for each file and kind of quantity. */
import type { Quantity } from '../../lib/verify/verify.ts'

/** Arithmetic of a measurement: the training kernels in float32 or float64, or float32 with sums in float64. */
export type Arithmetic = 'fp32' | 'fp64' | 'fp32, sums in fp64'

export type Worst = Pick<Quantity, 'quantity' | 'error' | 'tolerance' | 'pass'>

export interface Row {
  file: string
  kind: string
  count: number
  /** How many are beyond their tolerance. */
  failed: number
  /** The quantity that comes nearest to its tolerance, by arithmetic. */
  worst: Partial<Record<Arithmetic, Worst>>
}

/** One network's gradients in float32: the largest relative error of a variable. */
export interface GradientRow {
  file: string
  /** What the golden file asks. */
  asked: number
  /** The original program in float32, by its own golden file. */
  original: number
  /** The kernels that train. */
  ours: number
  /** Variables beyond what the file asks, and how many there are. */
  beyond: number
  variables: number
  exactSums: number
}

export interface Measurement {
  /** Processor and LibTorch that each golden file was measured with. */
  machines: Record<string, string>
  rows: Row[]
  gradients: GradientRow[]
}

/** Kinds of quantities, the first that matches. */
const kinds: [pattern: RegExp, kind: string][] = [
  [/^parameters/, 'parameter counts'],
  [/^features_eval |^eval |_eval |_hidden1_eval /, 'evaluation: features, groups, heads'],
  [/^features_train |^train |^head\d_train /, 'training: features, groups, heads'],
  [/^after |^features_eval_after /, 'moving statistics, and evaluation with them'],
  [/contrast_acc/, 'contrastive accuracy'],
  [/contrast_entropy/, 'contrastive entropy'],
  [/global_grad_norm/, 'global gradient norm'],
  [/^grad /, 'gradients by variable'],
  [/supervised_acc/, 'supervised accuracy'],
  [/loss/, 'losses'],
  [/ gradient /, 'gradients'],
  [/^final /, 'variables after the last step'],
  [/steps$|steps fp/, 'step counts'],
  [/lr$| lr fp/, 'learning rates'],
  [/ weights /, 'weights of every step'],
  [/ momentum /, 'momentum after the last step'],
  [/standard errors$/, 'crop distribution, standard errors'],
  [/uint8$/, 'operators on 8-bit images, levels'],
  [/float32$/, 'operators on floats'],
]

/** A quantity without a precision in its name is computed in one only: float32 images, or plain numbers. */
function arithmeticOf(quantity: string): Arithmetic {
  return (/fp32, sums in fp64$|fp(32|64)$/.exec(quantity)?.[0] ?? 'fp32') as Arithmetic
}

export function rowsOf(quantities: readonly Quantity[]): Row[] {
  const rows = new Map<string, Row>()
  for (const { file, quantity, error, tolerance, pass } of quantities) {
    const kind = kinds.find(([pattern]) => pattern.test(quantity))?.[1] ?? 'names and shapes'
    const key = `${file} ${kind}`
    const row = rows.get(key) ?? { file, kind, count: 0, failed: 0, worst: {} }
    rows.set(key, row)
    row.count++
    if (!pass) row.failed++
    const arithmetic = arithmeticOf(quantity)
    const before = row.worst[arithmetic]
    if (!before || share({ error, tolerance }) > share(before)) {
      row.worst[arithmetic] = { quantity, error: rounded(error), tolerance, pass }
    }
  }
  return [...rows.values()]
}

/** Share of the tolerance that is used up. */
export function share({ error, tolerance }: Pick<Quantity, 'error' | 'tolerance'>): number {
  if (error === null) return Infinity
  return tolerance === 0 ? (error === 0 ? 0 : Infinity) : error / tolerance
}

function rounded(error: number | null): number | null {
  return error === null ? null : Number(error.toPrecision(2))
}

/** What a golden file says about float32 gradients. */
export interface AskedOfGradients {
  tolerances?: { gradient_per_variable?: number }
  float32_run_error?: { grad_worst_variable?: number }
}

export function gradientRow(
  file: string,
  quantities: readonly Quantity[],
  { tolerances, float32_run_error: original }: AskedOfGradients,
): GradientRow | undefined {
  const asked = tolerances?.gradient_per_variable
  if (asked === undefined || original?.grad_worst_variable === undefined) return undefined
  const errors = (arithmetic: Arithmetic) =>
    quantities
      .filter(({ quantity }) => quantity.startsWith('grad ') && arithmeticOf(quantity) === arithmetic)
      .map(({ error }) => error ?? Infinity)
  const ours = errors('fp32')
  return {
    file,
    asked,
    original: rounded(original.grad_worst_variable)!,
    ours: rounded(Math.max(...ours))!,
    beyond: ours.filter((error) => error > asked).length,
    variables: ours.length,
    exactSums: rounded(Math.max(...errors('fp32, sums in fp64')))!,
  }
}
