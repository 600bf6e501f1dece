/** Images to numbers: by an encoder, or as raw pixels. */
import type { Addon, Convention } from '../addon/interface.ts'
import { evaluationFamily, lower } from '../augment/index.ts'
import { type Images, inChunks } from '../data/images.ts'
import { type Encoder, sequence } from '../encoder.ts'
import type { LabelledFeatures } from './probes.ts'

/** Unless asked otherwise, larger images are shrunk to this size for the raw-pixel baseline: features would not fit memory. */
export const rawSize = 32

/** The encoder's features of every labelled image. */
export async function encoderFeatures(
  encoder: Encoder,
  images: Images,
  signal?: AbortSignal,
): Promise<LabelledFeatures> {
  const { indices, labels } = labelled(images)
  return { data: await embedImages(encoder, images, indices, signal), labels }
}

/** The encoder's features of some images, [indices.length, featureDim]. */
export async function embedImages(
  encoder: Encoder,
  images: Images,
  indices: Uint32Array,
  signal?: AbortSignal,
): Promise<Float32Array> {
  const data = new Float32Array(indices.length * encoder.featureDim)
  await inChunks(images, indices, async (part, first) => {
    signal?.throwIfAborted()
    data.set(await encoder.embedStore(images.store, part), first * encoder.featureDim)
  })
  return data
}

/** The pixels of every labelled image in [0, 1], of `size` x `size`. */
export async function rawFeatures(
  addon: Addon,
  images: Images,
  size: number,
  convention: Convention,
  signal?: AbortSignal,
): Promise<LabelledFeatures> {
  const plan = lower(evaluationFamily(convention, size, { mean: null, std: null }), size)
  const augmenter = new addon.Augmenter(plan)
  const { indices, labels } = labelled(images)
  const dim = size * size * 3
  const data = new Float32Array(indices.length * dim)
  await inChunks(images, indices, async (part, first) => {
    signal?.throwIfAborted()
    const epochs = new Uint32Array(part.length)
    const batch = augmenter.batch(images.store, { indices: part, epochs, seed: 0, views: 1, labels: null })
    data.set(await batch.pixels({ threads: 1 }), first * dim)
  })
  return { data, labels }
}

function labelled({ count, labels }: Images): { indices: Uint32Array; labels: Int32Array } {
  const indices = sequence(count).filter((index) => labels![index]! >= 0)
  return { indices, labels: Int32Array.from(indices, (index) => labels![index]!) }
}
