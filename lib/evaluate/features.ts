/** Images to numbers: by an encoder, or as raw pixels. */
import { SimclrError } from '../addon/errors.ts'
import type { Addon, NativeAugmenter, NativeLearner } from '../addon/interface.ts'
import { evaluationFamily, lower } from '../augment/index.ts'
import { type Images, inChunks, type SomeImages } from '../data/images.ts'
import { sequence } from '../data/indices.ts'
import { explainSkipped } from '../data/skipped.ts'
import type { Encoder } from '../encoder.ts'
import type { LabelledFeatures } from './probes.ts'

/** Unless asked otherwise, larger images are shrunk to this size for the raw-pixel baseline: features would not fit memory. */
export const rawSize = 32

/** Rows of numbers, and the image of each. */
export interface ImageRows {
  /** [indices.length, dim] */
  data: Float32Array
  indices: Uint32Array
}

/** The encoder's features of every labelled image. */
export async function encoderFeatures(
  encoder: Encoder,
  images: Images,
  signal?: AbortSignal,
): Promise<LabelledFeatures> {
  return withLabels(images, await embedImages(encoder, labelled(images), signal))
}

/** The encoder's features of those of some images that can be used, of `featureDim` numbers each. */
export function embedImages(encoder: Encoder, some: SomeImages, signal?: AbortSignal): Promise<ImageRows> {
  return imageRows(some, encoder.featureDim, embedder(encoder, some.images), signal)
}

/** As embedImages, a part at a time, in order: sets whose features do not fit memory. */
export async function embedInParts(
  encoder: Encoder,
  some: SomeImages,
  take: (part: ImageRows) => Promise<void>,
  signal?: AbortSignal,
): Promise<void> {
  const embed = embedder(encoder, some.images)
  await inChunks(some, async (held) => take({ data: await embed(held), indices: held }), signal)
}

function embedder(encoder: Encoder, images: Images): (part: Uint32Array) => Promise<Float32Array> {
  return (part) => encoder.embedStore(images.store, part)
}

/** The features that the encoder of a learner has for those of some labelled images that can be used, if any. */
export async function learnerFeatures(
  learner: NativeLearner,
  augmenter: NativeAugmenter,
  some: SomeImages,
  signal?: AbortSignal,
): Promise<LabelledFeatures> {
  const embed = (part: Uint32Array) => learner.embed(some.images.store, augmenter, part)
  const rows = await imageRows(some, learner.featureDim, embed, signal)
  return { data: rows.data, labels: labelsOf(some.images, rows.indices) }
}

/** The pixels of every labelled image in [0, 1], of `size` x `size`. */
export async function rawFeatures(
  addon: Addon,
  images: Images,
  size: number,
  signal?: AbortSignal,
): Promise<LabelledFeatures> {
  const plan = lower(evaluationFamily('torch', size, { mean: null, std: null }), size)
  const augmenter = new addon.Augmenter(plan)
  const pixels = (part: Uint32Array) => {
    const epochs = new Uint32Array(part.length)
    const batch = augmenter.batch(images.store, { indices: part, epochs, seed: 0, views: 1, labels: null })
    return batch.pixels({ threads: 1 })
  }
  return withLabels(images, await imageRows(labelled(images), size * size * 3, pixels, signal))
}

/** What `make` makes of images that are held, `dim` numbers each; those that cannot be used have no row. */
async function imageRows(
  some: SomeImages,
  dim: number,
  make: (held: Uint32Array) => Promise<Float32Array>,
  signal?: AbortSignal,
): Promise<ImageRows> {
  const { length } = some.indices
  const data = new Float32Array(length * dim)
  const used = new Uint32Array(length)
  let count = 0
  const take = async (held: Uint32Array) => {
    data.set(await make(held), count * dim)
    used.set(held, count)
    count += held.length
  }
  await inChunks(some, take, signal)
  return { data: data.subarray(0, count * dim), indices: used.subarray(0, count) }
}

function labelled(images: Images): SomeImages {
  const { count, labels } = images
  return { images, indices: sequence(count).filter((index) => labels![index]! >= 0) }
}

/** Labels are looked at last: what cannot be used is known only once all has been held. */
function withLabels({ name, labels, skipped }: Images, { data, indices }: ImageRows): LabelledFeatures {
  if (indices.length === 0) {
    const why = `none is usable: ${explainSkipped(skipped)}`
    throw new SimclrError('ERR_SIMCLR_DATA', `Expected labelled images in ${name} but ${why}`)
  }
  return { data, labels: labelsOf({ labels }, indices) }
}

/** The labels of some images of a set that has labels. */
function labelsOf({ labels }: Pick<Images, 'labels'>, indices: Uint32Array): Int32Array {
  return Int32Array.from(indices, (index) => labels![index]!)
}
