/** `init`: a run that begins with the weights of an encoder that is there. */
import type { NativeTensor } from '../addon/interface.ts'
import type { Init } from '../config/init.ts'
import { type EncoderWeights, encoderPrefix, readEncoder } from './encoder-file.ts'
import { foreignNote } from './foreign-keys.ts'

/** An encoder to begin with. */
export interface Beginner extends Init, Pick<EncoderWeights, 'tensors'> {
  /** For people: what was taken of a file that others have written; else null. */
  note: string | null
}

/** Reads what `init` names. Throws what `Encoder.load` throws. */
export async function readInit(path: string): Promise<Beginner> {
  const { spec, preprocessing, tensors, foreign } = await readEncoder(path)
  return { path, spec, preprocessing, tensors, note: foreign && foreignNote(path, spec, foreign) }
}

/** A learner's state with this encoder in place of its own; the rest stays random. */
export function withEncoder(state: readonly NativeTensor[], { tensors }: Beginner): NativeTensor[] {
  return [
    ...state.filter(({ name }) => !name.startsWith(encoderPrefix)),
    ...tensors.map((tensor) => ({ ...tensor, name: encoderPrefix + tensor.name })),
  ]
}
