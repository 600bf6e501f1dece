/** From steps to epochs: each entry of `history` is the mean over its epoch's steps. */
import type { EpochEvent, StepEvent } from './events.ts'

export class EpochMeter {
  readonly #batchSize: number
  #steps: StepEvent[] = []

  constructor(batchSize: number) {
    this.#batchSize = batchSize
  }

  add(step: StepEvent): void {
    this.#steps.push(step)
  }

  /** The epoch that the steps added since the last call make up. */
  finish(knn: number | null, validation: number | null): EpochEvent {
    const steps = this.#steps
    this.#steps = []
    const last = steps.at(-1)!
    const mean = (value: (step: StepEvent) => number) =>
      steps.reduce((sum, step) => sum + value(step), 0) / steps.length
    /** Null where the steps have none; all have it or none has. */
    const meanOf = (value: (step: StepEvent) => number | null) =>
      value(last) === null ? null : mean((step) => value(step)!)
    const seconds = steps.reduce((sum, { stepSeconds, waitSeconds }) => sum + stepSeconds + waitSeconds, 0)
    // A skipped step has no gradients to speak of.
    const taken = Math.max(1, steps.filter(({ skipped }) => !skipped).length)
    const gradientNorm = (mean((step) => step.gradientNorm) * steps.length) / taken
    return {
      type: 'epoch',
      time: Date.now() / 1000,
      epoch: last.epoch,
      step: last.step + 1,
      loss: mean((step) => step.loss),
      contrastiveAccuracy: meanOf((step) => step.contrastiveAccuracy),
      entropy: meanOf((step) => step.entropy),
      probeLoss: meanOf((step) => step.probeLoss),
      probeAccuracy: meanOf((step) => step.probeAccuracy),
      lr: last.lr,
      gradientNorm,
      pairsPerSecond: (steps.length * this.#batchSize) / seconds,
      knn,
      validation,
      seconds,
    }
  }
}
