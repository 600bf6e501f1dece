import type { GradientResult, LearnerSpec, NativeTensor } from '../../lib/addon/interface.ts'
import { views, withLearner } from '../learn/support.ts'
import type { Work } from './ranks.ts'

/** Images `begin` .. `end` - 1 of a batch. */
interface Part {
  begin: number
  end: number
}

function partOf(images: number, rank: number, size: number): Part {
  return { begin: Math.floor((images * rank) / size), end: Math.floor((images * (rank + 1)) / size) }
}

/** Images of the batch of a step: every fifth is a smaller one, as the last of an epoch can be. */
function imagesAt({ images }: Work, step: number): number {
  return step % 5 === 4 ? Math.ceil(images / 2) : images
}

/** What a learner makes of the batches that `work` describes, or of rank `rank`'s parts of them. */
export function compute(
  spec: LearnerSpec,
  work: Work,
  rank = 0,
  size = 1,
): Promise<{ gradients: GradientResult; state: NativeTensor[] }> {
  return withLearner(spec, async (learner) => {
    const batch = (step: number) => {
      const images = imagesAt(work, step)
      const part = partOf(images, rank, size)
      const labels = work.labelled ? Int32Array.from({ length: images }, (_, i) => (i % 4) - 1) : null
      const count = spec.loss.views ?? 2
      return [
        brightened(viewsOf(count, images, work.size, step, part), work.gains?.[rank] ?? 1),
        labels?.slice(part.begin, part.end) ?? null,
      ] as const
    }
    for (let step = 0; step < work.steps; step++) await learner.stepViews(...batch(step), work.lr)
    const gradients = await learner.gradients(...batch(work.steps))
    return { gradients, state: await learner.state() }
  })
}

function brightened(images: NativeTensor, gain: number): NativeTensor {
  const data = new Uint8Array(new Float32Array(images.data.slice().buffer).map((x) => x * gain).buffer)
  return { ...images, data }
}

/** A part's first views, then its second views and so on, of the whole batch's. */
function viewsOf(
  count: number,
  images: number,
  size: number,
  step: number,
  { begin, end }: Part,
): NativeTensor {
  const all = views(count * images, size, step + 1)
  const bytes = size * size * 3 * 4
  const rows = end - begin
  const data = new Uint8Array(count * rows * bytes)
  for (let view = 0; view < count; view++) {
    const first = view * images + begin
    data.set(all.data.subarray(first * bytes, (first + rows) * bytes), view * rows * bytes)
  }
  return { ...all, shape: [count * rows, size, size, 3], data }
}
