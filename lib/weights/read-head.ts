/**
 * Where the projection head of an encoder is: an encoder file has thrown it away, so that torchvision can load it; a run's
 * checkpoints have it, and the file of a fine-tuned encoder has the layers that its classifier stands on.
 */
import { stat } from 'node:fs/promises'
import { SimclrError } from '../addon/errors.ts'
import type { HeadSpec, NativeTensor } from '../addon/interface.ts'
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
} from './checkpoint.ts'
import {
  type EncoderWeights,
  encoderPath,
  encoderWeights,
  readEncoder,
  readEncoderFile,
} from './encoder-file.ts'
import { hiddenWidth, isOfHead, type KeptHead, keptHead } from './kept-head.ts'

/** An encoder, and the checkpoint that it is of where there is one. */
export interface WithCheckpoint {
  weights: EncoderWeights
  checkpoint: Checkpoint | null
}

/** Layers of a projection head that features go through. */
export interface HeadWeights {
  /** Its first `keep` layers, or all of them where that is 0. */
  spec: HeadSpec
  /** Under a learner's names. */
  tensors: NativeTensor[]
}

/** What to do about an encoder without its head. */
export const whereHeadsAre =
  'Encoder files have thrown the head away: name the folder of a contrastive run that has its checkpoints, or one of these'

/** Reads as `readEncoder` does, but a run's newest checkpoint rather than its encoder file, where both are of one step. */
export async function readWithCheckpoint(path: string): Promise<WithCheckpoint> {
  const checkpoint = await checkpointAt(path)
  if (checkpoint === null) return { weights: await readEncoder(path), checkpoint }
  const { config, tensors, classNames } = checkpoint
  return { weights: encoderWeights(config, tensors, classNames), checkpoint }
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

/** All layers of the head but the last, which a classifier can stand on; null where there are none. */
export function middleLayers({ weights, checkpoint }: WithCheckpoint): KeptHead | null {
  if (checkpoint === null) return weights.classifier?.head ?? null
  const { config, tensors } = checkpoint
  const { layers, keep, convention } = config.head
  return keptHead(tensors, { layers: trainsClassifier(config) ? keep : Math.max(0, layers - 1), convention })
}

/**
 * An encoder with what makes its `output`: the head's first layer with its ReLU ('hidden'), or the whole head
 * ('projection'). Throws what `readEncoder` does, and ERR_SIMCLR_INCOMPATIBLE_WEIGHTS where that is not there.
 */
export async function readThroughHead(
  path: string,
  output: 'hidden' | 'projection',
): Promise<{ weights: EncoderWeights; head: HeadWeights }> {
  const read = await readWithCheckpoint(path)
  const head = output === 'hidden' ? hiddenLayer(read) : wholeHead(read)
  if (head !== null) return { weights: read.weights, head }
  throw new SimclrError(
    'ERR_SIMCLR_INCOMPATIBLE_WEIGHTS',
    `Expected ${output === 'hidden' ? 'a hidden layer' : 'all layers'} of a projection head in ${path}, for \`output\` '${output}', but ${whatIsThere(read)}.`,
  )
}

function hiddenLayer(read: WithCheckpoint): HeadWeights | null {
  const there = middleLayers(read)
  const first = there && keptHead(there.tensors, { ...there, layers: 1 })
  if (!first) return null
  const { convention, layers } = there
  const spec = { layers: layers + 1, hidden: hiddenWidth(first), dim: 1, convention, keep: 1 }
  return { spec, tensors: first.tensors }
}

/** A classifier was trained without the head, but for layers that it stands on. */
function wholeHead({ checkpoint }: WithCheckpoint): HeadWeights | null {
  if (checkpoint === null || trainsClassifier(checkpoint.config)) return null
  const { config, tensors } = checkpoint
  return { spec: { ...config.head, keep: 0 }, tensors: tensors.filter(({ name }) => isOfHead(name)) }
}

function whatIsThere(read: WithCheckpoint): string {
  const { checkpoint } = read
  if (checkpoint === null) return `there is none. ${whereHeadsAre}`
  const { config } = checkpoint
  if (!trainsClassifier(config))
    return `its head has ${config.head.layers} layers. Load it without \`output\``
  const kept = middleLayers(read)?.layers ?? 0
  return `a run of objective '${config.objective}' has ${kept} of them. Name the run that its \`init\` was`
}
