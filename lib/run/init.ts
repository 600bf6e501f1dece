/** `init`: a run that begins with the weights of an encoder that is there. */
import { SimclrError } from '../addon/errors.ts'
import type { NativeTensor } from '../addon/interface.ts'
import type { Init } from '../config/init.ts'
import { type EncoderWeights, encoderPrefix, readEncoder } from '../weights/encoder-file.ts'
import { foreignNote } from '../weights/foreign-keys.ts'
import { hiddenWidth, keptHead } from '../weights/kept-head.ts'
import { middleLayers, readWithCheckpoint, whereHeadsAre } from '../weights/read-head.ts'

/** An encoder to begin with. */
export interface Beginner extends Init, Pick<EncoderWeights, 'tensors'> {
  /** First layers of its projection head, under a learner's names. */
  headTensors: NativeTensor[]
  /** For people: what was taken of a file that others have written; else null. */
  note: string | null
}

/**
 * Reads what `init` names, with the first `keep` layers of its projection head. An encoder file has thrown its head
 * away, so that torchvision can load it; a run's checkpoints have it, and a file has the layers that its classifier
 * stands on. Throws what `Encoder.load` throws, and ERR_SIMCLR_INCOMPATIBLE_WEIGHTS where so many layers are not there.
 */
export async function readInit(path: string, keep = 0): Promise<Beginner> {
  const read =
    keep > 0 ? await readWithCheckpoint(path) : { weights: await readEncoder(path), checkpoint: null }
  const { spec, preprocessing, tensors, foreign } = read.weights
  const note = foreign && foreignNote(path, spec, foreign)
  const beginner = { path, spec, preprocessing, tensors, note }
  if (keep === 0) return { ...beginner, head: null, headTensors: [] }
  const there = middleLayers(read)
  if (there === null || there.layers < keep) throw headless(path, keep, there?.layers ?? 0)
  const head = keptHead(there.tensors, { ...there, layers: keep })!
  const { layers, convention } = there
  return {
    ...beginner,
    head: { layers: layers + 1, hidden: hiddenWidth(head), convention },
    headTensors: head.tensors,
  }
}

function headless(path: string, keep: number, layers: number): SimclrError {
  const advice =
    layers > 0 ? `Set \`head.keep\` to ${layers} or less.` : `${whereHeadsAre}; or set \`head.keep\` to 0.`
  return new SimclrError(
    'ERR_SIMCLR_INCOMPATIBLE_WEIGHTS',
    `Expected at least ${keep} middle layers of a projection head in ${path}, for \`head.keep\`, but it has ${layers}. ${advice}`,
  )
}

/** A learner's state with this encoder, and the layers of its head that are kept, in place of its own; the rest stays random. */
export function withEncoder(
  state: readonly NativeTensor[],
  { tensors, headTensors }: Beginner,
): NativeTensor[] {
  const given = new Set(headTensors.map(({ name }) => name))
  return [
    ...state.filter(({ name }) => !name.startsWith(encoderPrefix) && !given.has(name)),
    ...tensors.map((tensor) => ({ ...tensor, name: encoderPrefix + tensor.name })),
    ...headTensors,
  ]
}
