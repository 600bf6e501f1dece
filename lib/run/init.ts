/** `init`: a run that begins with the weights of an encoder that is there. */
import type { NativeTensor } from '../addon/interface.ts'
import type { Init } from '../config/init.ts'
import { type EncoderWeights, encoderPrefix, readEncoder } from './encoder-file.ts'

/** An encoder to begin with. */
export type Beginner = Init & Pick<EncoderWeights, 'tensors'>

/** Reads what `init` names. Throws what `Encoder.load` throws. */
export async function readInit(path: string): Promise<Beginner> {
  const { spec, preprocessing, tensors } = await readEncoder(path)
  return { path, spec, preprocessing, tensors }
}

/** A learner's state with this encoder in place of its own; the rest stays random. */
export function withEncoder(state: readonly NativeTensor[], { tensors }: Beginner): NativeTensor[] {
  return [
    ...state.filter(({ name }) => !name.startsWith(encoderPrefix)),
    ...tensors.map((tensor) => ({ ...tensor, name: encoderPrefix + tensor.name })),
  ]
}
