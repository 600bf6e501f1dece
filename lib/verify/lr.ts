/** lr_*: learning-rate curves; tf2/model.py (WarmUpAndCosineDecay, get_train_steps). */
import {
  cosineSchedule,
  learningRate,
  peakLr,
  type Scaling,
  type ScheduleSettings,
  totalSteps,
  warmupSteps,
} from '../config/schedule.ts'
import type { Golden } from './golden.ts'
import type { Report } from './report.ts'

/** The original's schedule of one set of flags, at some steps. */
export interface Curve {
  num_examples: number
  batch: number
  epochs: number
  warmup_epochs: number
  scaling: Scaling
  base: number
  /** 0: from the epochs. */
  train_steps: number
  total_steps: number
  warmup_steps: number
  steps: number[]
  lr: number[]
}

export async function verifyLr(golden: Golden, report: Report): Promise<void> {
  golden.as<{ schedules: Curve[] }>().schedules.forEach((curve, i) => {
    const settings: ScheduleSettings = {
      convention: golden.file.startsWith('lr_torch') ? 'torch' : 'paper',
      images: curve.num_examples,
      batchSize: curve.batch,
      epochs: curve.epochs,
      steps: curve.train_steps || null,
      warmupEpochs: curve.warmup_epochs,
      lr: curve.base,
      scaling: curve.scaling,
      ...cosineSchedule,
    }
    const name = `${i}: ${curve.scaling}, base ${curve.base}, batch ${curve.batch}, ${curve.epochs} epochs of ${curve.num_examples}`
    report.add(`${name}: total steps`, Math.abs(totalSteps(settings) - curve.total_steps), 0)
    report.add(`${name}: warm-up steps`, Math.abs(warmupSteps(settings) - curve.warmup_steps), 0)
    const errors = curve.steps.map((step, k) => Math.abs(learningRate(settings, step) - curve.lr[k]!))
    const worst = errors.reduce((most, error) => (error > most || Number.isNaN(error) ? error : most), 0)
    report.add(`${name}: lr`, worst / peakLr(settings), golden.tolerance(['lr'], 1e-6))
  })
}
