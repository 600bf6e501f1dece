/** A small network for others to learn from. */
import type { LearnerSpec, NativeTensor, TeacherSpec } from '../../lib/addon/interface.ts'
import { tensorFrom } from '../../lib/io/tensor.ts'
import { floats, random, sevenLabels, supervisedSpec, tinySpec, views, withLearner } from './support.ts'

/** Wider than its students, on a layer of its head, and of a firm opinion. */
export const teacher = {
  encoder: { ...tinySpec().encoder, width: 0.25 },
  head: { layers: 2, dim: 16, convention: 'torch', keep: 1 },
  classes: 3,
} as const

/** Weights with the classifier and the statistics of training. */
export async function weightsOf(spec: LearnerSpec): Promise<NativeTensor[]> {
  return await withLearner(spec, async (learner) => {
    for (let step = 0; step < 3; step++) await learner.stepViews(views(7, 8, step + 5), sevenLabels, 0.05)
    const state = (await learner.state()).filter(({ name }) => !name.startsWith('optimizer.'))
    return state.map((tensor) => {
      if (!tensor.name.startsWith('classifier.')) return tensor
      const values = floats(random(tensor.name, tensor.shape, tensor.name.length))
      return tensorFrom(tensor.name, tensor.shape, Float64Array.from(values))
    })
  })
}

export async function knownTeacher(): Promise<TeacherSpec> {
  return { ...teacher, tensors: await weightsOf(supervisedSpec({ ...teacher, seed: 11 })) }
}
