/**
 * The kNN probe during training: is it learning? A fixed part of the training images, a fifth of them as
 * queries against the rest. Held-out images stay held out, and nothing of the encoder changes: features are
 * taken with BatchNorm in evaluation mode.
 */
import type { Addon, NativeAugmenter, NativeLearner } from '../addon/interface.ts'
import type { ResolvedConfig } from '../config/resolved.ts'
import type { Images } from '../data/images.ts'
import { learnerFeatures } from './features.ts'
import { areUsable, knnAccuracy } from './probes.ts'
import { shuffledLabelled, splitRows } from './split.ts'

export class OnlineProbe {
  readonly #addon: Addon
  readonly #images: Images
  readonly #augmenter: NativeAugmenter
  readonly #options: ResolvedConfig['probe']
  readonly #bank: Uint32Array
  readonly #queries: Uint32Array

  /** `images` have labels; `augmenter` has no random operators. */
  constructor(addon: Addon, images: Images, augmenter: NativeAugmenter, config: ResolvedConfig) {
    this.#addon = addon
    this.#images = images
    this.#augmenter = augmenter
    this.#options = config.probe
    const chosen = shuffledLabelled(addon, images, config.seed).slice(0, config.probe.images)
    const { held, learnt } = splitRows(chosen)
    this.#queries = held
    this.#bank = learnt
  }

  /** Is there one after epoch `epoch` (from 0)? */
  isDue(epoch: number): boolean {
    const { everyEpochs } = this.#options
    return everyEpochs > 0 && (epoch + 1) % everyEpochs === 0
  }

  /**
   * Accuracy of the learner's present encoder; null where too few of the images turned out usable to compare any, and
   * where features are not finite. Rejects with the signal's reason where it ends the waiting for images.
   */
  async run(learner: NativeLearner, signal?: AbortSignal): Promise<number | null> {
    const featuresOf = (indices: Uint32Array) =>
      learnerFeatures(learner, this.#augmenter, { images: this.#images, indices }, signal)
    const bank = await featuresOf(this.#bank)
    const queries = await featuresOf(this.#queries)
    if (!areUsable(bank) || !areUsable(queries)) return null
    return knnAccuracy(this.#addon, bank, queries, this.#options)
  }
}
