/**
 * The linear probe's penalty, chosen on images that are held out of those to learn from: chosen on the test set, the test
 * would be part of learning. As in appendix B.8, the probe then learns from all of them.
 */
import { SimclrError } from '../addon/errors.ts'
import type { Addon } from '../addon/interface.ts'
import { type LabelledFeatures, linearAccuracy } from './probes.ts'
import { splitByClass } from './split.ts'

/** 45 from 1e-6 to 1e5, evenly spaced by their logarithm (appendix B.8). */
export const l2Grid: readonly number[] = Array.from({ length: 45 }, (_, i) =>
  Number((10 ** (i / 4 - 6)).toPrecision(12)),
)

export interface TriedL2 {
  l2: number
  /** On the held-out images, 0 to 1. */
  accuracy: number
}

/**
 * The best of `penalties`, and what each came to; of equally good ones the strongest. Each fit begins at zero weights, as
 * the last one does: where `maxIterations` ends a fit early, a warm start would choose for another classifier.
 * Throws ERR_SIMCLR_DATA where no class has two images.
 */
export async function chooseL2(
  addon: Pick<Addon, 'epochOrder' | 'linearProbe'>,
  features: LabelledFeatures,
  penalties: readonly number[],
  options: { maxIterations: number; seed: number; signal?: AbortSignal | undefined },
): Promise<{ l2: number; tried: TriedL2[] }> {
  const { maxIterations, seed, signal } = options
  const rows = splitByClass(addon, features.labels, seed)
  if (rows.held.length === 0) {
    const advice = 'Add images, or give one number.'
    throw new SimclrError(
      'ERR_SIMCLR_DATA',
      `Expected a class with two images in \`data\` to choose \`l2\` on but each has one. ${advice}`,
    )
  }
  const learnt = rowsOf(features, rows.learnt)
  const held = rowsOf(features, rows.held)
  const tried: TriedL2[] = []
  for (const l2 of penalties) {
    signal?.throwIfAborted()
    tried.push({ l2, accuracy: await linearAccuracy(addon, learnt, held, { l2, maxIterations }) })
  }
  const best = Math.max(...tried.map(({ accuracy }) => accuracy))
  return { l2: Math.max(...tried.filter(({ accuracy }) => accuracy === best).map(({ l2 }) => l2)), tried }
}

function rowsOf({ data, labels }: LabelledFeatures, rows: Uint32Array): LabelledFeatures {
  const dim = data.length / labels.length
  const chosen = new Float32Array(rows.length * dim)
  rows.forEach((row, i) => {
    chosen.set(data.subarray(row * dim, (row + 1) * dim), i * dim)
  })
  return { data: chosen, labels: Int32Array.from(rows, (row) => labels[row]!) }
}
