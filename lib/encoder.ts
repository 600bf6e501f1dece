/** A trained encoder: images in, features out. */
import { z } from 'zod'
import { SimclrError } from './addon/errors.ts'
import type {
  EncoderSpec,
  NativeAugmenter,
  NativeEncoder,
  NativeImageStore,
  Precision,
} from './addon/interface.ts'
import { loadAddon } from './addon/load.ts'
import { evaluationFamily, lower } from './augment/index.ts'
import { conventions } from './config/groups.ts'
import { invalid, validate } from './config/messages.ts'
import { choice, integer, option, triple } from './config/option.ts'
import { pickDevice } from './config/resolve.ts'
import { device, threads } from './config/settings.ts'
import { decodeImage } from './data/decode.ts'
import { decodedSide } from './data/images.ts'
import { type ImageInput, UnusableImage } from './data/types.ts'
import {
  type EncoderWeights,
  encoderTensors,
  type Preprocessing,
  readEncoder,
  writeEncoder,
} from './run/encoder-file.ts'
import { machineFacts } from './run/machine-facts.ts'

const encoderOptions = z.strictObject({
  device,
  precision: option(choice(['fp32', 'bf16', 'fp16', 'fp64']), {
    about: 'Arithmetic of the encoder.',
    default: 'fp32',
  }),
  threads,
  preprocessing: option(
    {
      schema: z
        .strictObject({
          imageSize: integer(8, 1024).schema,
          convention: z.enum(conventions),
          normalize: z.strictObject({ mean: triple(0).schema, std: triple(1e-6).schema }).nullable(),
        })
        .partial(),
      expected: 'an object of imageSize, convention and normalize',
    },
    {
      about:
        "How images are prepared, where it is not what the file says. A state dict of torchvision's says nothing: 224 pixels (CIFAR stem: 32), ImageNet's mean and deviation.",
      default: 'from the file',
    },
  ),
})
export type EncoderOptions = z.input<typeof encoderOptions>

/** Features of some images: row i, of `shape[1]` numbers, belongs to image i. */
export interface Features {
  data: Float32Array
  shape: [images: number, features: number]
}

/** Decoded at once; bounds memory whatever the number of images. */
const chunk = 256

/**
 * The representation h = f(x) of SimCLR (paper §2.1), for inference: BatchNorm in evaluation mode, no random
 * augmentation. One encoder may be used from several places at once.
 *
 * ```ts
 * const encoder = await Encoder.load('runs/a')
 * const { data, shape } = await encoder.embed(['a.jpg', bytes, { data, width, height, channels: 3 }])
 * encoder.dispose()
 * ```
 */
export class Encoder {
  /** Architecture. */
  readonly spec: Readonly<EncoderSpec>
  /** How images are prepared. */
  readonly preprocessing: Readonly<Preprocessing>
  readonly device: string
  readonly precision: Precision
  readonly #weights: EncoderWeights
  readonly #native: NativeEncoder
  readonly #augmenter: NativeAugmenter
  #disposed = false

  /** @internal Use `Encoder.load`. */
  constructor(weights: EncoderWeights, options: EncoderOptions = {}) {
    validate(encoderOptions, options)
    const addon = loadAddon()
    this.spec = weights.spec
    this.preprocessing = prepared(weights.preprocessing, options.preprocessing)
    this.#weights = { ...weights, preprocessing: this.preprocessing }
    const machine = machineFacts(addon)
    this.device = pickDevice(options.device ?? 'auto', machine)
    this.precision = options.precision ?? 'fp32'
    const shards =
      options.threads === undefined || options.threads === 'auto' ? machine.cores : options.threads
    this.#native = new addon.Encoder(
      { ...weights.spec, device: this.device, precision: this.precision, shards },
      weights.tensors,
    )
    const { convention, imageSize, normalize } = this.preprocessing
    const family = evaluationFamily(convention, imageSize, normalize ?? { mean: null, std: null })
    this.#augmenter = new addon.Augmenter(lower(family, imageSize))
  }

  /**
   * Loads a run folder, an encoder.safetensors, or a state dict of torchvision's ResNet saved as .safetensors.
   * Errors: ERR_SIMCLR_IO, ERR_SIMCLR_CORRUPT_FILE,
   * ERR_SIMCLR_INCOMPATIBLE_WEIGHTS, ERR_SIMCLR_DEVICE.
   */
  static async load(path: string, options: EncoderOptions = {}): Promise<Encoder> {
    if (typeof path !== 'string' || path === '') {
      throw invalid('Expected the path of a run folder or .safetensors file for `path`.')
    }
    return new Encoder(await readEncoder(path), options)
  }

  /** An untrained encoder: the baseline for a trained one of the same kind. */
  static async random(
    spec: EncoderSpec,
    preprocessing: Preprocessing,
    { seed = 0, ...options }: EncoderOptions & { seed?: number } = {},
  ): Promise<Encoder> {
    const learner = new (loadAddon().Learner)({
      encoder: spec,
      head: { layers: 0, dim: 1, convention: spec.convention },
      loss: { temperature: 1, scale: 1, normalize: true },
      optimizer: { name: 'sgd', momentum: 0, nesterov: false, weightDecay: 0, decayAll: false },
      classes: 0,
      precision: 'fp32',
      device: 'cpu',
      shards: 1,
      seed,
    })
    try {
      const tensors = encoderTensors(await learner.state())
      return new Encoder({ spec, preprocessing, tensors }, options)
    } finally {
      learner.dispose()
    }
  }

  /** Numbers a feature vector has. */
  get featureDim(): number {
    return this.#native.featureDim
  }

  /**
   * Features of images: paths, bytes of image files, or raw images. Throws ERR_SIMCLR_DATA where some cannot be
   * decoded, naming the first; `unusable` of the error has all of them (of more than 256 images: all among the 256
   * that were decoded together). Throws ERR_SIMCLR_DISPOSED after `dispose`.
   */
  async embed(images: Iterable<ImageInput>): Promise<Features> {
    this.#check()
    const inputs = [...images]
    const data = new Float32Array(inputs.length * this.featureDim)
    for (let first = 0; first < inputs.length; first += chunk) {
      const part = inputs.slice(first, first + chunk)
      const store = new (loadAddon().ImageStore)(part.length)
      try {
        await this.#fill(store, part, first)
        data.set(await this.embedStore(store, sequence(part.length)), first * this.featureDim)
      } finally {
        store.dispose()
      }
    }
    return { data, shape: [inputs.length, this.featureDim] }
  }

  /** @internal Features of decoded images. */
  embedStore(store: NativeImageStore, indices: Uint32Array): Promise<Float32Array> {
    this.#check()
    return this.#native.embed(store, this.#augmenter, indices)
  }

  /** Writes an encoder.safetensors. */
  async save(path: string): Promise<void> {
    await writeEncoder(path, this.#weights)
  }

  /** Frees the weights; calls under way end first. */
  dispose(): void {
    if (this.#disposed) return
    this.#disposed = true
    this.#native.dispose()
  }

  [Symbol.dispose](): void {
    this.dispose()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.dispose()
  }

  #check(): void {
    if (this.#disposed) {
      throw new SimclrError('ERR_SIMCLR_DISPOSED', 'This encoder has been disposed. Load it again to use it.')
    }
  }

  /** Decodes `images`, of which the first is the call's `first`. All are tried, so that one error tells of all. */
  async #fill(store: NativeImageStore, images: ImageInput[], first: number): Promise<void> {
    const decoding = { shorterSide: decodedSide(this.preprocessing.imageSize), maxPixels: 100_000_000 }
    const results = await Promise.allSettled(
      images.map(async (input, i) => store.set(i, await decodeImage(input, decoding))),
    )
    const failures = results.flatMap((r, i) => (r.status === 'rejected' ? [{ i, error: r.reason }] : []))
    const [worst = null] = failures.filter(({ error }) => !(error instanceof UnusableImage))
    if (worst !== null) throw worst.error
    const unusable = failures.map(({ i, error }) => {
      return { index: first + i, reason: `${error.reason}: ${error.message}` }
    })
    const [one, ...others] = unusable
    if (one === undefined) return
    const input = images[one.index - first]
    const name = typeof input === 'string' ? input : `image ${one.index}`
    const more = others.length > 0 ? ` (and ${others.length} more cannot be used)` : ''
    const message = `Expected an image but ${name} is ${one.reason}${more}. Leave it out or mend it.`
    throw new SimclrError('ERR_SIMCLR_DATA', message, { cause: failures[0]?.error, unusable })
  }
}

/** `file` with what the caller knows better. */
function prepared(file: Preprocessing, known: EncoderOptions['preprocessing'] = {}): Preprocessing {
  const { imageSize = file.imageSize, convention = file.convention, normalize = file.normalize } = known
  return { imageSize, convention, normalize }
}

/** 0 … count - 1. */
export function sequence(count: number): Uint32Array {
  return Uint32Array.from({ length: count }, (_, i) => i)
}
