/** What a run tells: the events `onProgress` gets, and the lines of metrics.jsonl. */
import type { StepResult } from '../addon/interface.ts'
import type { Resolution } from '../config/resolved.ts'

/** One training step. Counts from 0. */
export interface StepEvent extends Omit<StepResult, 'stopAsked'> {
  type: 'step'
  /** When it ended, seconds since 1970. */
  time: number
  step: number
  epoch: number
  lr: number
  /** Seconds spent waiting for the batch. */
  waitSeconds: number
}

/** One epoch: means over its steps; an entry of `history`. */
export interface EpochEvent {
  type: 'epoch'
  /** When it ended, seconds since 1970. */
  time: number
  epoch: number
  /** Steps done when it ended. */
  step: number
  loss: number
  /** Null where the objective is not 'contrastive'. */
  contrastiveAccuracy: number | null
  entropy: number | null
  /** Linear head; null without it. */
  probeLoss: number | null
  probeAccuracy: number | null
  /** Of its last step. */
  lr: number
  gradientNorm: number
  /** Images a second, each in all its views, over the epoch's steps. */
  pairsPerSecond: number
  /** Online kNN accuracy, null where the epoch had no probe. */
  knn: number | null
  /** Accuracy on held-out images, null where the epoch had no validation. */
  validation: number | null
  seconds: number
}

export type TrainEvent =
  | { type: 'data'; name: string; done: number; total: number }
  | {
      type: 'start'
      folder: string
      data: string
      resolution: Resolution
      step: number
      parameters: number
      /** Of the process that trains. */
      pid: number
    }
  | StepEvent
  | EpochEvent
  | { type: 'checkpoint'; step: number; path: string }
  /** The encoder does better on held-out images than before, and was kept. */
  | { type: 'best'; step: number; accuracy: number; path: string }
  | { type: 'warning'; message: string }
  | { type: 'end'; folder: string; step: number; seconds: number; skipped: number }
