/** What follows from the encoder that a run learns from. */
import type { Init } from './init.ts'
import type { Layer } from './layers.ts'
import { expected, invalid } from './messages.ts'
import type { ResolvedConfig } from './resolved.ts'

/** The fine-tuned encoder that `teacher` names, without its weights. */
export interface TeacherFacts extends Pick<Init, 'path' | 'preprocessing'> {
  /** Of its classifier. */
  classes: string[]
}

/** Student and teacher see the same views: images prepared as the teacher knows them. */
export function teacherLayer({ path, preprocessing }: TeacherFacts): Layer {
  const { imageSize, convention, normalize } = preprocessing
  const { mean, std } = normalize ?? { mean: null, std: null }
  const values = { imageSize, augment: { convention, mean, std } }
  return { by: 'teacher', why: `teacher ${path}`, values }
}

/** Throws ERR_SIMCLR_INVALID_ARGUMENT naming an option with which the teacher would not see what it knows. */
export function requireSameViews({ path, preprocessing }: TeacherFacts, config: ResolvedConfig): void {
  const { imageSize, normalize } = preprocessing
  const { mean, std } = normalize ?? { mean: null, std: null }
  for (const [name, own, asked] of [
    ['imageSize', imageSize, config.imageSize],
    ['augment.mean', mean, config.augment.mean],
    ['augment.std', std, config.augment.std],
    ['resolution', null, config.resolution],
  ] as const) {
    if (JSON.stringify(asked) === JSON.stringify(own)) continue
    const advice = 'Leave it out: teacher and student see the same views.'
    throw invalid(expected(`${JSON.stringify(own)}, as the teacher ${path} has it,`, name, asked, advice))
  }
}
