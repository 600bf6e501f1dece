/**
 * encoder.safetensors: the trained encoder alone, under torchvision's names (the projection head is thrown away, paper
 * §4.2; a classifier trained with the encoder stays, as `fc`, on the layers of the head that it stands on), with what is
 * needed to use it as metadata. torchvision's own state dicts are read too, as .safetensors and from PyTorch's own files.
 */
import { stat } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'
import { SimclrError } from '../addon/errors.ts'
import type { Convention, EncoderSpec, NativeTensor } from '../addon/interface.ts'
import { arches, conventions } from '../config/groups.ts'
import { trainsClassifier } from '../config/objective.ts'
import type { ResolvedConfig } from '../config/resolved.ts'
import { exists } from '../io/exists.ts'
import { isPyTorch, PyTorchFile } from '../io/pytorch.ts'
import { readSafetensors, writeSafetensors } from '../io/safetensors.ts'
import {
  type Checkpoint,
  checkpointFormat,
  checkpointOf,
  checkpointsPath,
  listCheckpoints,
  newestCheckpoint,
  stepOf,
} from './checkpoint.ts'
import { checksum, isIntact } from './checksum.ts'
import { type Classifier, classifierOf, classifierTensors, isClassifier } from './classifier.ts'
import type { ForeignWeights } from './foreign-keys.ts'
import type { KeptLayers } from './kept-head.ts'
import { fromTorchvision, marked, unmarked, withBatchCounts } from './torchvision.ts'

/** How images become what the encoder was trained on. */
export interface Preprocessing {
  /** Height = width, pixels. */
  imageSize: number
  /** Resampling as in the training's augmentation. */
  convention: Convention
  /** Of [0, 1]; null: none. */
  normalize: { mean: [number, number, number]; std: [number, number, number] } | null
}

export interface EncoderWeights {
  spec: EncoderSpec
  preprocessing: Preprocessing
  tensors: NativeTensor[]
  /** Null where the encoder was trained without. */
  classifier: Classifier | null
  /** Null where simclr has trained it. */
  foreign: ForeignWeights | null
}

const format = 'simclr-encoder'

/** Where a run's folder has it. */
export const encoderPath = (folder: string): string => join(folder, 'encoder.safetensors')

/** Of an encoder's tensors in a learner's state. */
export const encoderPrefix = 'encoder.'

const metadataSchema = z.object({
  arch: z.enum(arches),
  width: z.coerce.number().positive(),
  stem: z.enum(['imagenet', 'cifar', 'stride2']),
  convention: z.enum(conventions),
  skRatio: z.coerce.number().min(0),
  imageSize: z.coerce.number().int().positive(),
  resampling: z.enum(conventions),
  step: z.coerce.number().int().min(0).optional(),
  classes: json().pipe(z.array(z.string())).optional(),
  head: json()
    .pipe(z.object({ layers: z.number().int().min(1).max(8), convention: z.enum(conventions) }))
    .optional(),
  normalize: json().pipe(
    z
      .object({
        mean: z.tuple([z.number(), z.number(), z.number()]),
        std: z.tuple([z.number(), z.number(), z.number()]),
      })
      .nullable(),
  ),
})

/** Text that holds a value. */
function json() {
  return z.string().transform((text, context) => {
    try {
      return JSON.parse(text) as unknown
    } catch {
      context.addIssue('no JSON')
      return z.NEVER
    }
  })
}

/**
 * The encoder's part of a learner's state, and the classifier where it was trained with it; `classNames`: of the images
 * trained on, null where they have numbers.
 */
export function encoderWeights(
  config: ResolvedConfig,
  state: readonly NativeTensor[],
  classNames: readonly string[] | null,
): EncoderWeights {
  const { mean, std, convention } = config.augment
  return {
    spec: config.encoder,
    preprocessing: {
      imageSize: config.imageSize,
      convention,
      normalize: mean === null && std === null ? null : { mean: mean ?? [0, 0, 0], std: std ?? [1, 1, 1] },
    },
    tensors: encoderTensors(state),
    classifier: trainsClassifier(config) ? learntClassifier(config, state, classNames) : null,
    foreign: null,
  }
}

/** The classifier in a learner's state. */
export function learntClassifier(
  { head }: Pick<ResolvedConfig, 'head'>,
  state: readonly NativeTensor[],
  classNames: readonly string[] | null,
): Classifier | null {
  const kept = { layers: head.keep, convention: head.convention }
  return classifierOf(state, 'classifier.', classNames, kept)
}

function weightsOf({ config, tensors, classNames }: Checkpoint): EncoderWeights {
  return encoderWeights(config, tensors, classNames)
}

/** The encoder's tensors of a learner's state, under torchvision's names. */
export function encoderTensors(state: readonly NativeTensor[]): NativeTensor[] {
  return state
    .filter(({ name }) => name.startsWith(encoderPrefix))
    .map((tensor) => ({ ...tensor, name: tensor.name.slice(encoderPrefix.length) }))
}

/** Of the run that made an encoder, where one did: steps done, and accuracy on held-out images. */
export interface Made {
  step?: number
  validation?: number
  /** What said so, of which images. */
  by?: string
}

/** What is needed to use the weights, as text. */
export function encoderMetadata(
  { spec, preprocessing, classifier }: Omit<EncoderWeights, 'foreign'>,
  made: Made = {},
): Record<string, string> {
  return {
    format,
    arch: spec.arch,
    width: String(spec.width),
    stem: spec.stem,
    convention: spec.convention,
    skRatio: String(spec.skRatio),
    imageSize: String(preprocessing.imageSize),
    resampling: preprocessing.convention,
    normalize: JSON.stringify(preprocessing.normalize),
    ...Object.fromEntries(Object.entries(made).map(([name, value]) => [name, String(value)])),
    ...(classifier ? { classes: JSON.stringify(classifier.classes) } : {}),
    ...(classifier?.head ? { head: headText(classifier.head) } : {}),
  }
}

function headText({ layers, convention }: KeptLayers): string {
  return JSON.stringify({ layers, convention })
}

/** Writes the file whole or not at all. */
export async function writeEncoder(
  path: string,
  weights: Omit<EncoderWeights, 'foreign'>,
  made: Made = {},
): Promise<void> {
  const { spec, tensors, classifier } = weights
  const written = [...marked(tensors, spec), ...(classifier ? classifierTensors(classifier) : [])]
  const metadata = encoderMetadata(weights, made)
  metadata.sha256 = await checksum(written, metadata)
  await writeSafetensors(path, written, metadata)
}

/**
 * Reads a run folder (its encoder.safetensors, or its newest checkpoint where that is newer), a .safetensors file or one
 * of PyTorch's. Throws ERR_SIMCLR_IO, ERR_SIMCLR_CORRUPT_FILE or ERR_SIMCLR_INCOMPATIBLE_WEIGHTS, naming the path.
 */
export async function readEncoder(path: string): Promise<EncoderWeights> {
  if (!(await exists(path))) {
    throw new SimclrError('ERR_SIMCLR_IO', `Expected a run folder or encoder file but ${path} is not there.`)
  }
  if (!(await stat(path)).isDirectory()) return (await readEncoderFile(path)).weights
  const checkpoints = checkpointsPath(path)
  if (await exists(encoderPath(path))) {
    const { weights, step = Infinity } = await readEncoderFile(encoderPath(path))
    const [newest] = await listCheckpoints(checkpoints)
    if (newest === undefined || stepOf(newest) <= step) return weights
    // The run has gone on since.
    const later = await newestCheckpoint(checkpoints, () => {}).catch(() => null)
    return later !== null && later.step > step ? weightsOf(later) : weights
  }
  const checkpoint = await newestCheckpoint(checkpoints, () => {})
  if (checkpoint === null) {
    const message = `Expected encoder.safetensors or a checkpoint in ${path} but it has neither. Train into it first.`
    throw new SimclrError('ERR_SIMCLR_IO', message)
  }
  return weightsOf(checkpoint)
}

/** Reads a .safetensors file or one of PyTorch's; throws as `readEncoder`. `step`: that the run had done, where the file says so. */
export async function readEncoderFile(path: string): Promise<{ weights: EncoderWeights; step?: number }> {
  if (await isPyTorch(path)) return { weights: await readPyTorch(path) }
  const file = await readSafetensors(path)
  const { tensors, metadata } = file
  if (metadata.format === checkpointFormat) {
    // Its tensors have torchvision's names behind a prefix, and its own configuration says what they are.
    const checkpoint = await checkpointOf(path, file)
    return { weights: weightsOf(checkpoint), step: checkpoint.step }
  }
  // One that somebody has changed on purpose has no checksum any more.
  if (metadata.sha256 !== undefined && !(await isIntact(tensors, metadata))) {
    throw new SimclrError(
      'ERR_SIMCLR_CORRUPT_FILE',
      `Expected the checksum written into ${path} but its contents have another: the file is damaged. Copy it again, or delete it and load the run's folder, which has checkpoints. If it was changed on purpose, leave \`sha256\` out of its metadata.`,
    )
  }
  const foreign = metadata.format === format ? undefined : fromTorchvision(path, tensors)
  if (foreign !== undefined) {
    const { arrays, ...found } = foreign
    return { weights: { ...found, tensors: withBatchCounts(arrays), classifier: null } }
  }
  const parsed = metadataSchema.safeParse(metadata)
  if (!parsed.success) {
    const wrong = [...new Set(parsed.error.issues.map(({ path: [key] }) => String(key)))].join(', ')
    throw new SimclrError(
      'ERR_SIMCLR_INCOMPATIBLE_WEIGHTS',
      `Expected an encoder written by simclr, or a state dict of torchvision's ResNet, but the metadata of ${path} lack ${wrong}. Use the encoder.safetensors of a run.`,
    )
  }
  const { arch, width, stem, convention, skRatio, imageSize, resampling, normalize, step, classes, head } =
    parsed.data
  const weights = {
    spec: { arch, width, stem, convention, skRatio },
    preprocessing: { imageSize, convention: resampling, normalize },
    tensors: unmarked(tensors).filter(({ name }) => !isClassifier(name)),
    classifier: classes ? classifierOf(tensors, 'fc.', classes, head ?? null) : null,
    foreign: null,
  }
  return step === undefined ? { weights } : { weights, step }
}

async function readPyTorch(path: string): Promise<EncoderWeights> {
  using file = await PyTorchFile.open(path)
  const found = fromTorchvision(path, file.arrays)
  if (found === undefined) {
    const names = file.arrays.map(({ name }) => name)
    const has =
      names.length === 0 ? 'no arrays at all' : `${names.length} arrays: ${names.slice(0, 4).join(', ')}, …`
    throw new SimclrError(
      'ERR_SIMCLR_INCOMPATIBLE_WEIGHTS',
      `Expected a ResNet under torchvision's or lightly's names but ${path} has ${has}. Rename them, with conv1.weight for the first convolution and layer1.0.conv1.weight for the first group's.`,
    )
  }
  const { arrays, ...rest } = found
  const tensors = await Promise.all(arrays.map((array) => file.read(array)))
  return { ...rest, tensors: withBatchCounts(tensors), classifier: null }
}
