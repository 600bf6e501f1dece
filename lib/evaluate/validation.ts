/** Accuracy on held-out images during training: which encoder of the run is the best, and whether it still gets better. */
import type { Addon, NativeAugmenter, NativeLearner } from '../addon/interface.ts'
import type { ResolvedConfig } from '../config/resolved.ts'
import type { Images, SomeImages } from '../data/images.ts'
import { classProbabilities } from '../weights/classifier.ts'
import { learntClassifier } from '../weights/encoder-file.ts'
import { learnerFeatures } from './features.ts'
import { areUsable, knnAccuracy, type LabelledFeatures, linearAccuracy } from './probes.ts'
import { rankedProbabilities, shareWithin } from './scores.ts'
import { shuffledLabelled, splitRows } from './split.ts'

export interface ValidationParts {
  addon: Addon
  /** The images that are trained on. */
  training: Images
  /** Have labels; disposed with the validation. */
  held: Images
  /** Has no random operators. */
  augmenter: NativeAugmenter
  config: ResolvedConfig
}

export class Validation {
  readonly #addon: Addon
  readonly #augmenter: NativeAugmenter
  readonly #config: ResolvedConfig
  readonly #held: Images
  /** What a probe learns from, and what it is asked. */
  readonly #bank: SomeImages
  readonly #queries: SomeImages

  /** `probe.images` of `training` are learnt from; where those have no labels, a fifth of `held` is asked for by the rest. */
  constructor({ addon, training, held, augmenter, config }: ValidationParts) {
    this.#addon = addon
    this.#augmenter = augmenter
    this.#config = config
    this.#held = held
    const own = shuffledLabelled(addon, held, config.seed)
    const others = shuffledLabelled(addon, training, config.seed).slice(0, config.probe.images)
    const parts = others.length > 0 ? { held: own, learnt: others } : splitRows(own)
    this.#queries = { images: held, indices: parts.held }
    this.#bank = { images: others.length > 0 ? training : held, indices: parts.learnt }
  }

  /** Is there one after epoch `epoch` (from 0)? */
  isDue(epoch: number): boolean {
    return (epoch + 1) % this.#config.validation.everyEpochs === 0
  }

  /**
   * Of the learner's present encoder, or classifier; null where too few images turned out usable to ask for any, and where
   * features are not finite. Rejects with the signal's reason where it ends the waiting for images.
   */
  async accuracy(learner: NativeLearner, signal?: AbortSignal): Promise<number | null> {
    const queries = await this.#features(learner, this.#queries, signal)
    if (!areUsable(queries)) return null
    const { metric } = this.#config.validation
    if (metric === 'classifier') return await this.#ofClassifier(learner, queries)
    const bank = await this.#features(learner, this.#bank, signal)
    if (!areUsable(bank)) return null
    return metric === 'knn'
      ? await knnAccuracy(this.#addon, bank, queries, this.#config.probe)
      : await linearAccuracy(this.#addon, bank, queries)
  }

  async #ofClassifier(learner: NativeLearner, { data, labels }: LabelledFeatures): Promise<number> {
    const classifier = learntClassifier(this.#config, await learner.state(), null)!
    const probabilities = await classProbabilities(this.#addon, classifier, data)
    return shareWithin(rankedProbabilities(probabilities, classifier.classes.length, 1), labels, 1)
  }

  #features(
    learner: NativeLearner,
    some: SomeImages,
    signal: AbortSignal | undefined,
  ): Promise<LabelledFeatures> {
    return learnerFeatures(learner, this.#augmenter, some, signal)
  }

  async dispose(): Promise<void> {
    await this.#held.dispose()
  }
}
