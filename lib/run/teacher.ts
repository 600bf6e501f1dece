/** `teacher`: the fine-tuned encoder that a run learns from (SimCLR v2, §2). */
import { SimclrError } from '../addon/errors.ts'
import type { TeacherSpec } from '../addon/interface.ts'
import type { TeacherFacts } from '../config/teacher.ts'
import { tensorFrom } from '../io/tensor.ts'
import { checksum } from '../weights/checksum.ts'
import { encoderPrefix, readEncoder } from '../weights/encoder-file.ts'
import { hiddenWidth } from '../weights/kept-head.ts'

export interface Teacher extends TeacherFacts {
  spec: TeacherSpec
  /** Of its weights: every process that shares a batch must have the same. */
  checksum: string
}

/**
 * Reads what `teacher` names. Throws what `Encoder.load` throws, and ERR_SIMCLR_INCOMPATIBLE_WEIGHTS where the encoder has
 * no classifier.
 */
export async function readTeacher(path: string): Promise<Teacher> {
  const { spec: encoder, preprocessing, tensors, classifier } = await readEncoder(path)
  if (classifier === null) {
    throw new SimclrError(
      'ERR_SIMCLR_INCOMPATIBLE_WEIGHTS',
      `Expected an encoder with a classifier for \`teacher\` but ${path} has none. Fine-tune it first: train({ preset: 'fine-tune', init: '${path}', data }).`,
    )
  }
  const { weight, bias, classes, head } = classifier
  const layers = head?.layers ?? 0
  const all = [
    ...tensors.map((tensor) => ({ ...tensor, name: encoderPrefix + tensor.name })),
    ...(head?.tensors ?? []),
    tensorFrom('classifier.weight', [bias.length, weight.length / bias.length], weight),
    tensorFrom('classifier.bias', [bias.length], bias),
  ]
  const spec: TeacherSpec = {
    encoder,
    head: {
      layers: layers + 1,
      hidden: head && hiddenWidth(head),
      dim: 1,
      convention: head?.convention ?? encoder.convention,
      keep: layers,
    },
    classes: classes.length,
    tensors: all,
  }
  return { path, preprocessing, classes, spec, checksum: await checksum(all) }
}
