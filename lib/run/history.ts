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

  /** Forgets the steps added so far. */
  clear(): void {
    this.#steps = []
  }

  /** The epoch that the steps added since the last call make up. */
  finish(knn: number | null, validation: number | null): EpochEvent {
    const steps = this.#steps
    this.clear()
    const last = steps.at(-1)!
    const mean = (value: (step: StepEvent) => number) =>
      steps.reduce((sum, step) => sum + value(step), 0) / steps.length
    /** Over the steps that have it; null where none has. */
    const meanOf = (value: (step: StepEvent) => number | null) => {
      const values = steps.map(value).filter((v) => v !== null)
      return values.length === 0 ? null : values.reduce((sum, v) => sum + v, 0) / values.length
    }
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
