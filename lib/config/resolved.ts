/** What resolving options comes to. */
import type { Arch, Convention, Precision, Stem } from '../addon/interface.ts'
import type { Complete } from './layers.ts'
import type { Reason } from './reason.ts'
import type { ScheduleSettings } from './schedule.ts'
import type { PresetName, TrainSettings } from './settings.ts'

/** Every option with its value: running it again gives the same run. */
export type ResolvedConfig = Complete<
  Omit<
    TrainSettings,
    | 'limit'
    | 'limitPerClass'
    | 'labelFraction'
    | 'limitSeed'
    | 'init'
    | 'encoder'
    | 'validation'
    | 'precision'
    | 'cudaGraph'
    | 'stream'
  >
> & {
  /** Absent for a source in memory. */
  data?: string
  preset: PresetName
  /** What the weights were before the first step; null: random. */
  init: string | null
  encoder: { arch: Arch; width: number; stem: Stem; convention: Convention; skRatio: number }
  /** `data` is absent for a source in memory, null without validation. */
  validation: Complete<Omit<NonNullable<TrainSettings['validation']>, 'data'>> & { data?: string | null }
  precision: Precision
  /** 'auto': on, and off from where recording fails. */
  cudaGraph: 'auto' | boolean
  stream: 'auto' | 'on' | 'off'
  limit?: number
  limitPerClass?: number
  labelFraction?: number
  limitSeed?: number
}

export interface Resolution {
  config: ResolvedConfig
  /** Dotted option name → who decided it. */
  why: Record<string, Reason>
  /** What the run will look like; follows from `config` and the number of images. */
  plan: { images: number; epochs: number; steps: number; warmupSteps: number }
  schedule: ScheduleSettings
}

/** With what is worth a warning before the run begins, a sentence or two each. */
export interface NotedResolution extends Resolution {
  notes: string[]
}

/** The schedule of a resolved configuration on so many images. */
export function scheduleSettings(config: ResolvedConfig, images: number): ScheduleSettings {
  return {
    convention: config.schedule.convention,
    images,
    batchSize: config.batchSize,
    epochs: config.epochs,
    steps: config.steps,
    warmupEpochs: config.schedule.warmupEpochs,
    lr: config.optimizer.lr,
    scaling: config.schedule.scaling,
    name: config.schedule.name,
    milestones: config.schedule.milestones,
    gamma: config.schedule.gamma,
  }
}
