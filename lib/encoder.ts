/** A trained encoder: images in, features out. */
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
import { checkPrecision } from './config/check.ts'
import { pickDevice } from './config/device.ts'
import {
  type EmbedOptions,
  type EncoderOptions,
  type EncoderOutput,
  embedOptions,
  encoderOptions,
  type LoadOptions,
  loadOptions,
  type PreprocessingOptions,
  type RandomOptions,
  randomOptions,
  type UntrainedSpec,
  untrained,
  untrainedConfig,
} from './config/encoder-options.ts'
import { atRest } from './config/learner-spec.ts'
import { expected, invalid, validate } from './config/messages.ts'
import { heardValues } from './data/abort.ts'
import { fillStore } from './data/fill.ts'
import { decodedSide } from './data/images.ts'
import { sequence } from './data/indices.ts'
import { fileOf, inParts, isAddress, type PlainInput } from './data/input.ts'
import type { ImageInput } from './data/types.ts'
import { rankedProbabilities } from './evaluate/scores.ts'
import { output, writeOutput } from './io/output.ts'
import { machineFacts } from './machine-facts.ts'
import { type Classifier, classProbabilities } from './weights/classifier.ts'
import {
  type EncoderWeights,
  encoderWeights,
  type Preprocessing,
  readEncoder,
  writeEncoder,
} from './weights/encoder-file.ts'
import type { ForeignWeights } from './weights/foreign-keys.ts'
import { type HeadWeights, readThroughHead } from './weights/read-head.ts'

export type { EmbedOptions, EncoderOptions, EncoderOutput, LoadOptions, PreprocessingOptions, RandomOptions }

/** Features of some images, or another output of the encoder for them: row i, of `shape[1]` numbers, belongs to image i. */
export interface Features {
  data: Float32Array
  shape: [images: number, features: number]
}

/** What a classifier says of some images: row i, of `shape[1]` probabilities, belongs to image i. */
export interface Classification {
  data: Float32Array
  shape: [images: number, classes: number]
  /** Name of each image's most probable class. */
  best: string[]
}

/** What images go through behind the encoder, and what they are then. */
interface Through {
  output: EncoderOutput
  head: HeadWeights
}

/** Decoded at once; bounds memory whatever the number of images. */
const chunk = 256

/**
 * The representation h = f(x) of SimCLR (paper §2.1), or z = g(h) (`output`), for inference: BatchNorm in evaluation
 * mode, no random augmentation. One encoder may be used from several places at once.
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
  /** What `embed` gives. */
  readonly output: EncoderOutput
  #weights: EncoderWeights
  readonly #native: NativeEncoder
  readonly #augmenter: NativeAugmenter
  #disposed = false
  /** Calls under way. */
  #calls = 0

  /** @internal Use `Encoder.load`. */
  constructor(weights: EncoderWeights, options: EncoderOptions = {}, through?: Through) {
    if (!weights?.spec) {
      const advice = 'Use `await Encoder.load(path)`, or `await Encoder.random()` for an untrained one.'
      throw invalid(expected("an encoder's weights", 'weights', weights, advice))
    }
    const { device, precision, threads = 'auto', preprocessing } = validate(encoderOptions, options)
    const addon = loadAddon()
    this.spec = weights.spec
    this.preprocessing = prepared(weights.preprocessing, preprocessing)
    this.#weights = { ...weights, preprocessing: this.preprocessing }
    const machine = machineFacts(addon)
    this.device = pickDevice(device ?? 'auto', machine)
    this.precision = precision ?? 'fp32'
    checkPrecision(this.precision, this.device)
    const shards = threads === 'auto' ? machine.cores : threads
    this.output = through?.output ?? 'features'
    const head = through?.head ?? null
    this.#native = new addon.Encoder(
      { ...weights.spec, head: head?.spec ?? null, device: this.device, precision: this.precision, shards },
      [...weights.tensors, ...(head?.tensors ?? [])],
    )
    const { convention, imageSize, normalize } = this.preprocessing
    const family = evaluationFamily(convention, imageSize, normalize ?? { mean: null, std: null })
    this.#augmenter = new addon.Augmenter(lower(family, imageSize))
  }

  /**
   * Loads a run folder, an encoder.safetensors, or a ResNet that others have trained: a state dict, or a dict that
   * holds one, as .safetensors or as a file of `torch.save` (PyTorch 1.6 and later), of which nothing is run. Prefixes
   * of its names and the numbers of `nn.Sequential` are recognised, heads are left out: `foreign` tells. With `output`
   * 'projection' or 'hidden' images go through the projection head, too, of a run folder's newest checkpoint or of one that is
   * named.
   * Errors: ERR_SIMCLR_INVALID_ARGUMENT, ERR_SIMCLR_IO, ERR_SIMCLR_CORRUPT_FILE, ERR_SIMCLR_CHECKPOINT,
   * ERR_SIMCLR_INCOMPATIBLE_WEIGHTS, ERR_SIMCLR_DEVICE.
   */
  static async load(path: string | URL, options: LoadOptions = {}): Promise<Encoder> {
    const file = named(path, 'a run folder, .safetensors or PyTorch file', 'Name the `out` of a run.')
    const { output = 'features', ...computing } = validate(loadOptions, options)
    if (output === 'features') return new Encoder(await readEncoder(file), computing)
    const { weights, head } = await readThroughHead(file, output)
    return new Encoder(weights, computing, { output, head })
  }

  /**
   * An untrained encoder: the baseline for a trained one of the same kind. What is left out of `spec` and
   * `preprocessing` is as `train` would have it for images of `imageSize`.
   */
  static async random(
    spec: UntrainedSpec = {},
    preprocessing: PreprocessingOptions = {},
    randomly: RandomOptions = {},
  ): Promise<Encoder> {
    const kind = validate(untrained, { spec, preprocessing })
    const { seed = 0, ...options } = validate(randomOptions, randomly)
    const config = untrainedConfig(kind.spec ?? {}, kind.preprocessing ?? {})
    const learner = new (loadAddon().Learner)({
      encoder: config.encoder,
      head: { layers: 0, dim: 1, convention: config.encoder.convention },
      ...atRest,
      precision: 'fp32',
      device: 'cpu',
      seed,
    })
    try {
      const weights = encoderWeights(config, await learner.state(), null)
      const known = prepared(weights.preprocessing, kind.preprocessing)
      return new Encoder({ ...weights, preprocessing: known }, options)
    } finally {
      learner.dispose()
    }
  }

  /** Numbers a row of `embed` has. */
  get featureDim(): number {
    return this.#native.featureDim
  }

  /**
   * Features of images: paths, file: URLs, bytes of image files, or raw images, from an array or any iterable; an
   * asynchronous one is taken 256 images at a time. Throws ERR_SIMCLR_INVALID_ARGUMENT for what is none of them, and
   * ERR_SIMCLR_DATA where some cannot be decoded, naming the first; `unusable` of the error has all of them (of more
   * than 256 images: all among the 256 that were decoded together). Throws ERR_SIMCLR_DISPOSED after `dispose`.
   *
   * `options.signal` ends it between two images or batches, or while `images` do not answer, with the signal's reason.
   */
  async embed(
    images: Iterable<ImageInput> | AsyncIterable<ImageInput>,
    options: EmbedOptions = {},
  ): Promise<Features> {
    const { signal } = validate(embedOptions, options)
    const dim = this.featureDim
    const parts: Float32Array[] = []
    let count = 0
    await this.#during(async () => {
      for await (const part of heardValues(inParts(images, chunk), signal)) {
        parts.push(await this.#embedPart(part, count, signal))
        count += part.length
      }
    })
    const data = new Float32Array(count * dim)
    for (const [i, part] of parts.entries()) data.set(part, i * chunk * dim)
    return { data, shape: [count, dim] }
  }

  /**
   * The same for more images than features fit into memory: those of 256 images at a time, in order, the next as they
   * are asked for. Takes and throws what `embed` does, as it comes to it.
   *
   * ```ts
   * for await (const { data, shape } of encoder.embedBatches(images)) await write(data, shape)
   * ```
   */
  async *embedBatches(
    images: Iterable<ImageInput> | AsyncIterable<ImageInput>,
    options: EmbedOptions = {},
  ): AsyncGenerator<Features, void, undefined> {
    const { signal } = validate(embedOptions, options)
    this.requireUsable()
    let count = 0
    for await (const part of heardValues(inParts(images, chunk), signal)) {
      const data = await this.#during(() => this.#embedPart(part, count, signal))
      count += part.length
      yield { data, shape: [part.length, this.featureDim] }
    }
  }

  async #embedPart(
    inputs: PlainInput[],
    first: number,
    signal: AbortSignal | undefined,
  ): Promise<Float32Array> {
    const store = new (loadAddon().ImageStore)(inputs.length)
    try {
      const shorterSide = decodedSide(this.preprocessing.imageSize)
      await fillStore(store, inputs, { shorterSide, first, signal })
      return await this.#native.embed(store, this.#augmenter, sequence(inputs.length))
    } finally {
      store.dispose()
    }
  }

  /** Of weights that others have trained, where in their file the encoder lay and what beside it was not used; else null. */
  get foreign(): Readonly<ForeignWeights> | null {
    return this.#weights.foreign
  }

  /** Names of the classes that `classify` tells apart; null for an encoder that was trained without labels, or puts out no features. */
  get classes(): readonly string[] | null {
    if (this.output !== 'features') return null
    return this.#weights.classifier?.classes ?? null
  }

  /**
   * Probabilities of the classes that the encoder was fine-tuned on (`objective: 'supervised'` or 'distill'), in the order of
   * `classes`. Takes and throws what `embed` does, and ERR_SIMCLR_STATE where the encoder has no classifier.
   */
  async classify(
    images: Iterable<ImageInput> | AsyncIterable<ImageInput>,
    options: EmbedOptions = {},
  ): Promise<Classification> {
    this.#classifier()
    return await this.classifyFeatures((await this.embed(images, options)).data)
  }

  /** @internal The same of features [n, featureDim]. */
  async classifyFeatures(features: Float32Array): Promise<Classification> {
    const classifier = this.#classifier()
    const { classes } = classifier
    const data = await classProbabilities(loadAddon(), classifier, features)
    const { labels } = rankedProbabilities(data, classes.length, 1)
    const best = Array.from(labels, (number) => classes[number]!)
    return { data, shape: [best.length, classes.length], best }
  }

  /** @internal `classes`, of an encoder that must have them. */
  requireClasses(): readonly string[] {
    return this.#classifier().classes
  }

  #classifier(): Classifier {
    const { classifier } = this.#weights
    if (this.output !== 'features') {
      throw new SimclrError(
        'ERR_SIMCLR_STATE',
        `Expected an encoder that puts out features, which its classifier takes, but the \`output\` of this one is '${this.output}'. Load it without \`output\`.`,
      )
    }
    if (classifier) return classifier
    throw new SimclrError(
      'ERR_SIMCLR_STATE',
      "Expected an encoder with a classifier, but this one was trained without labels. Fine-tune it: train({ preset: 'fine-tune', init, data }).",
    )
  }

  /** @internal Features of decoded images. */
  embedStore(store: NativeImageStore, indices: Uint32Array): Promise<Float32Array> {
    return this.#during(() => this.#native.embed(store, this.#augmenter, indices))
  }

  /** Work that `dispose` waits for. */
  async #during<T>(work: () => Promise<T>): Promise<T> {
    this.requireUsable()
    this.#calls += 1
    try {
      return await work()
    } finally {
      this.#calls -= 1
      if (this.#disposed && this.#calls === 0) this.#free()
    }
  }

  #free(): void {
    this.#native.dispose()
    this.#weights = { ...this.#weights, tensors: [] }
  }

  /**
   * Writes the encoder, without a head that its `output` goes through, whole or not at all, into a folder that is there: as an ONNX graph where the name ends in `.onnx`
   * (docs/export.md says what goes in and comes out), else as an encoder.safetensors. Throws ERR_SIMCLR_IO,
   * ERR_SIMCLR_DISPOSED after `dispose`, and ERR_SIMCLR_INVALID_ARGUMENT where an ONNX file cannot hold so many weights.
   */
  async save(path: string | URL): Promise<void> {
    const file = named(path, 'a .safetensors or .onnx file', 'Name the file to write.')
    await this.#during(async () => {
      if (!file.endsWith('.onnx')) return await output(file, () => writeEncoder(file, this.#weights))
      const { encoderOnnx } = await import('./export/onnx.ts') // few need it
      await writeOutput(file, encoderOnnx(this.#weights))
    })
  }

  /** Frees the weights; calls under way end first. */
  dispose(): void {
    if (this.#disposed) return
    this.#disposed = true
    if (this.#calls === 0) this.#free()
  }

  [Symbol.dispose](): void {
    this.dispose()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.dispose()
  }

  /** @internal Throws ERR_SIMCLR_DISPOSED after `dispose`. */
  requireUsable(): void {
    if (this.#disposed) {
      throw new SimclrError('ERR_SIMCLR_DISPOSED', 'This encoder has been disposed. Load it again to use it.')
    }
  }
}

/** `file` with what the caller knows better. */
function prepared(file: Preprocessing, known: PreprocessingOptions = {}): Preprocessing {
  const { imageSize = file.imageSize, convention = file.convention, normalize = file.normalize } = known
  return { imageSize, convention, normalize }
}

/** The path of `what`, as a caller named it. */
function named(path: string | URL, what: string, advice: string): string {
  const file = path instanceof URL ? fileOf(path) : path
  if (typeof file === 'string' && file !== '' && !isAddress(file)) return file
  const received = path instanceof URL ? path.href : path
  throw invalid(expected(`the path or file: URL of ${what}`, 'path', received, advice))
}
