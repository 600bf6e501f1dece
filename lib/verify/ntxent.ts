/** ntxent_*: loss, gradient and metrics; tf2/objective.py, tf2/metrics.py (paper), lightly's NTXentLoss (torch). */
import { loadAddon } from '../addon/load.ts'
import { toFloat32 } from '../io/tensor.ts'
import { l2, largest, largestDifference } from './compare.ts'
import type { Golden } from './golden.ts'
import type { Report } from './report.ts'

interface Case {
  id: string
  hidden: string
  grad: string
  temperature: number
  /** Absent: true. */
  hidden_norm?: boolean
  loss: number
  contrast_acc?: number
  contrast_entropy?: number
}

interface ReplicaCase extends Omit<Case, 'loss'> {
  replicas: number
  local_loss: number[]
  local_acc: number[]
  local_entropy: number[]
}

interface NtXentGolden {
  hidden_tensors?: string
  cases: Case[]
  replica_cases?: ReplicaCase[]
}

export async function verifyNtXent(golden: Golden, report: Report, device: string): Promise<void> {
  const { cases, replica_cases: replicaCases = [], hidden_tensors: hiddenFile } = golden.as<NtXentGolden>()
  const context = { golden, report, device, hiddenFile }
  for (const each of cases) await verifyCase(each, 1, context)
  for (const { local_loss, local_acc, local_entropy, ...each } of replicaCases) {
    const whole = {
      ...each,
      loss: mean(local_loss),
      contrast_acc: mean(local_acc),
      contrast_entropy: mean(local_entropy),
    }
    await verifyCase(whole, each.replicas, context)
  }
}

interface Context {
  golden: Golden
  report: Report
  device: string
  /** Has the rows. */
  hiddenFile: string | undefined
}

async function verifyCase(
  expected: Case,
  replicas: number,
  { golden, report, device, hiddenFile }: Context,
): Promise<void> {
  const hidden = await golden.tensor(expected.hidden, hiddenFile)
  const gradient = await golden.values(expected.grad)
  const [rows, dim] = hidden.shape as [number, number]
  const { temperature, hidden_norm: normalize = true } = expected
  const scale = golden.file.startsWith('ntxent_torch') ? 1 : 2
  const single = toFloat32(hidden)

  for (const precision of ['fp32', 'fp64'] as const) {
    const z = precision === 'fp32' ? single : Float64Array.from(single)
    const options = { dim, temperature, scale, normalize, replicas, device } as const
    const actual = loadAddon().ntXent(z, options)
    const tolerances = tolerancesOf(golden, precision, temperature)
    const add = (what: string, error: number, tolerance: number) =>
      report.add(`${expected.id} ${what} ${precision}`, error, tolerance)

    // Cross entropy in float32 subtracts numbers of order 1; a loss below a hundredth is not known to more.
    const lossUnit = Math.max(Math.abs(expected.loss), 0.01)
    add('loss', Math.abs(actual.loss - expected.loss) / lossUnit, tolerances.loss)
    // Likewise the gradient, whose natural size is scale / (rows t |z|), where softmax - target cancels.
    const size = normalize ? (l2(single) || 1) / Math.sqrt(rows) : 1 / ((l2(single) || 1) / Math.sqrt(rows))
    const gradientUnit = Math.max(largest(gradient), (0.01 * scale) / (rows * temperature * size))
    add('gradient', largestDifference(actual.gradient, gradient) / gradientUnit, tolerances.gradient)
    if (expected.contrast_acc !== undefined && !rowsCoincide(single, dim)) {
      add('contrast_acc', Math.abs(actual.contrastiveAccuracy - expected.contrast_acc), tolerances.accuracy)
    }
    if (expected.contrast_entropy !== undefined) {
      add('contrast_entropy', Math.abs(actual.entropy - expected.contrast_entropy), tolerances.entropy)
    }
  }
}

/** The paper's goldens were computed in float32, torch's in float64. */
function tolerancesOf(golden: Golden, precision: 'fp32' | 'fp64', temperature: number) {
  const exact = golden.file.startsWith('ntxent_torch') && precision === 'fp64'
  return {
    loss: golden.tolerance('loss', exact ? 1e-6 : temperature < 0.02 ? 1e-4 : 1e-5),
    gradient: golden.tolerance(['grad', 'gradient'], exact ? 1e-6 : 1e-4),
    accuracy: golden.tolerance(['contrast_acc', 'acc'], 1e-6),
    entropy: golden.tolerance(['contrast_entropy', 'entropy'], 1e-5),
  }
}

/** Accuracy is a tie, decided by rounding, where all rows are one. */
function rowsCoincide(z: Float32Array, dim: number): boolean {
  return z.every((value, i) => value === z[i % dim])
}

function mean(values: number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length
}
