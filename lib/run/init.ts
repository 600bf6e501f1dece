/** `init`: a run that begins with the weights of an encoder that is there. */
import { stat } from 'node:fs/promises'
import { SimclrError } from '../addon/errors.ts'
import type { NativeTensor } from '../addon/interface.ts'
import type { Init } from '../config/init.ts'
import { trainsClassifier } from '../config/objective.ts'
import { exists } from '../io/exists.ts'
import { isPyTorch } from '../io/pytorch.ts'
import { readSafetensors } from '../io/safetensors.ts'
import {
  type Checkpoint,
  checkpointFormat,
  checkpointOf,
  checkpointsPath,
  newestCheckpoint,
} from '../weights/checkpoint.ts'
import {
  type EncoderWeights,
  encoderPath,
  encoderPrefix,
  encoderWeights,
  readEncoder,
  readEncoderFile,
} from '../weights/encoder-file.ts'
import { foreignNote } from '../weights/foreign-keys.ts'
import { hiddenWidth, type KeptLayers, keptHead } from '../weights/kept-head.ts'

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
  const checkpoint = keep > 0 ? await checkpointAt(path) : null
  const weights = checkpoint
    ? encoderWeights(checkpoint.config, checkpoint.tensors, checkpoint.classNames)
    : await readEncoder(path)
  const { spec, preprocessing, tensors, foreign } = weights
  const note = foreign && foreignNote(path, spec, foreign)
  const beginner = { path, spec, preprocessing, tensors, note }
  if (keep === 0) return { ...beginner, head: null, headTensors: [] }
  const there = checkpoint ? middleLayers(checkpoint) : (weights.classifier?.head ?? null)
  if (there === null || there.layers < keep) throw headless(path, keep, there?.layers ?? 0)
  const head = keptHead(checkpoint?.tensors ?? weights.classifier!.head!.tensors, { ...there, layers: keep })!
  const { layers, convention } = there
  return {
    ...beginner,
    head: { layers: layers + 1, hidden: hiddenWidth(head), convention },
    headTensors: head.tensors,
  }
}

/** The checkpoint that `path` is, or that a run folder has: not one that its encoder.safetensors has left behind. */
async function checkpointAt(path: string): Promise<Checkpoint | null> {
  if (!(await exists(path))) return null
  if (!(await stat(path)).isDirectory()) {
    if (await isPyTorch(path)) return null
    const file = await readSafetensors(path)
    return file.metadata.format === checkpointFormat ? await checkpointOf(path, file) : null
  }
  const newest = await newestCheckpoint(checkpointsPath(path), () => {})
  if (newest === null || !(await exists(encoderPath(path)))) return newest
  const { step = 0 } = await readEncoderFile(encoderPath(path))
  return newest.step >= step ? newest : null
}

/** Those of a checkpoint's projection head that a classifier can stand on. */
function middleLayers({ config }: Checkpoint): KeptLayers {
  const { layers, keep, convention } = config.head
  return { layers: trainsClassifier(config) ? keep : Math.max(0, layers - 1), convention }
}

function headless(path: string, keep: number, layers: number): SimclrError {
  const advice =
    layers > 0
      ? `Set \`head.keep\` to ${layers} or less.`
      : 'Encoder files have thrown the head away: name the folder of a contrastive run that has its checkpoints, or one of these; or set `head.keep` to 0.'
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
