import type { GradientResult, LearnerSpec, NativeTensor } from '../../lib/addon/interface.ts'
import { views, withLearner } from '../learn/support.ts'
import type { Work } from './ranks.ts'

/** Images `begin` .. `end` - 1 of a batch. */
export interface Part {
  begin: number
  end: number
}

export function partOf(images: number, rank: number, size: number): Part {
  return { begin: Math.floor((images * rank) / size), end: Math.floor((images * (rank + 1)) / size) }
}

/** What a learner makes of its part of the batches that `work` describes. */
export function compute(
  spec: LearnerSpec,
  work: Work,
  part: Part,
): Promise<{ gradients: GradientResult; state: NativeTensor[] }> {
  return withLearner(spec, async (learner) => {
    const labels = work.labelled ? Int32Array.from({ length: work.images }, (_, i) => (i % 4) - 1) : null
    const own = labels?.slice(part.begin, part.end) ?? null
    for (let step = 0; step < work.steps; step++) {
      await learner.stepViews(viewsOf(work, step, part), own, work.lr)
    }
    const gradients = await learner.gradients(viewsOf(work, work.steps, part), own)
    return { gradients, state: await learner.state() }
  })
}

/** A part's first views, then its second views, of the whole batch's. */
function viewsOf({ images, size }: Work, step: number, { begin, end }: Part): NativeTensor {
  const all = views(2 * images, size, step + 1)
  const bytes = size * size * 3 * 4
  const rows = (first: number) => all.data.subarray((first + begin) * bytes, (first + end) * bytes)
  const data = new Uint8Array(2 * (end - begin) * bytes)
  data.set(rows(0))
  data.set(rows(images), (end - begin) * bytes)
  return { ...all, shape: [2 * (end - begin), size, size, 3], data }
}
