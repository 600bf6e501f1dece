/**
 * How long a run is, which learning rate and which size of views each step has: pure functions of the settings and the step,
 * so that a run that is resumed needs no state of them.
 *
 * Two conventions (google-research/simclr tf2/model.py, get_train_steps and WarmUpAndCosineDecay; lightly):
 * - `paper`: an endless reshuffled stream whose batches cross epochs, ⌊N·E/B⌋ + 1 steps; the warm-up starts
 *   from 0 at step 0.
 * - `torch`: each epoch's last partial batch is dropped, E·⌊N/B⌋ steps; the first step already has 1/W of the
 *   peak.
 */
import type { Convention } from '../addon/interface.ts'

export type Scaling = 'linear' | 'sqrt' | 'none'
/** After the warm-up. */
export type ScheduleName = 'cosine' | 'constant' | 'step'

export interface ScheduleSettings {
  convention: Convention
  /** Images in the set, N. */
  images: number
  /** Images a step, B ≤ N. */
  batchSize: number
  epochs: number
  /** Fixed number of steps; null: from `epochs`. */
  steps: number | null
  warmupEpochs: number
  /** Base learning rate. */
  lr: number
  scaling: Scaling
  name: ScheduleName
  /** Of 'step', which has some: epochs after which the rate falls, ascending. */
  milestones: readonly number[] | null
  /** Of 'step': what the rate is multiplied by at each. */
  gamma: number
}

/** What runs have that do not say otherwise, and all of the paper's. */
export const cosineSchedule = { name: 'cosine', milestones: null, gamma: 0.1 } as const

/** lr·B/256, lr·√B or lr itself (paper §2.2 and appendix B.1). */
export function peakLr({ lr, scaling, batchSize }: ScheduleSettings): number {
  if (scaling === 'linear') return (lr * batchSize) / 256
  if (scaling === 'sqrt') return lr * Math.sqrt(batchSize)
  return lr
}

export function totalSteps({ convention, images, batchSize, epochs, steps }: ScheduleSettings): number {
  if (steps !== null) return steps
  return convention === 'paper'
    ? Math.floor((images * epochs) / batchSize) + 1
    : epochs * Math.floor(images / batchSize)
}

export function warmupSteps({ convention, images, batchSize, warmupEpochs }: ScheduleSettings): number {
  return convention === 'paper'
    ? Math.floor((warmupEpochs * images) / batchSize)
    : Math.round(warmupEpochs * Math.floor(images / batchSize))
}

/** Learning rate of step 0, 1, …: the warm-up, then what `name` says. Past the last step it stays where the cosine ends. */
export function learningRate(settings: ScheduleSettings, step: number): number {
  const peak = peakLr(settings)
  const warmup = warmupSteps(settings)
  if (step < warmup) return (peak * (settings.convention === 'paper' ? step : step + 1)) / warmup
  if (settings.name === 'constant') return peak
  if (settings.name === 'step') return peak * settings.gamma ** milestonesPassed(settings, step)
  const length = totalSteps(settings) - warmup
  const progress = length > 0 ? Math.min(step - warmup, length) / length : 1
  return (peak / 2) * (1 + Math.cos(Math.PI * progress))
}

/** How many of the milestones come before a step or at its beginning (torch.optim.lr_scheduler.MultiStepLR). */
function milestonesPassed(
  { convention, images, batchSize, milestones }: ScheduleSettings,
  step: number,
): number {
  const isPassed = (epochs: number) =>
    convention === 'paper'
      ? step * batchSize >= epochs * images
      : step >= epochs * Math.floor(images / batchSize)
  return (milestones ?? []).filter(isPassed).length
}

/** Views of `size` pixels in the epochs that begin before the share `until` of all epochs. */
export interface ResolutionPhase {
  until: number
  size: number
}

/** Pixels of a step's views: the first of these phases that its epoch is in, after them `imageSize`. */
export function viewSize(
  settings: ScheduleSettings,
  { resolution, imageSize }: { resolution: readonly ResolutionPhase[] | null; imageSize: number },
  step: number,
): number {
  const share = epochOf(settings, step) / totalEpochs(settings)
  return resolution?.find(({ until }) => share < until)?.size ?? imageSize
}

/** Epochs as the warm-up counts them: `epochs`, or the share of them that `steps` come to. */
export function lengthInEpochs({ convention, images, batchSize, epochs, steps }: ScheduleSettings): number {
  if (steps === null) return epochs
  return convention === 'paper' ? (steps * batchSize) / images : steps / Math.floor(images / batchSize)
}

/** Epochs the run's steps belong to: `epochs`, or what `steps` make of it. */
export function totalEpochs(settings: ScheduleSettings): number {
  if (settings.steps === null) return settings.epochs
  return epochOfStart(settings, settings.steps - 1) + 1
}

/**
 * Epoch that step belongs to, from 0: the one its first image is in. The paper's last step may start exactly
 * at the end of the last epoch and is counted to it, so that a run of E epochs has E of them.
 */
export function epochOf(settings: ScheduleSettings, step: number): number {
  return Math.min(epochOfStart(settings, step), totalEpochs(settings) - 1)
}

function epochOfStart({ convention, images, batchSize }: ScheduleSettings, step: number): number {
  return convention === 'paper'
    ? Math.floor((step * batchSize) / images)
    : Math.floor(step / Math.floor(images / batchSize))
}
