/** What whoever starts a run should know before it begins. */
import type { ResolvedConfig } from './resolved.ts'
import {
  learningRate,
  lengthInEpochs,
  peakLr,
  type ScheduleSettings,
  totalEpochs,
  totalSteps,
  warmupSteps,
} from './schedule.ts'
import { neverAdapts, unreadNote } from './unread.ts'

interface Circumstances {
  /** Whether the options ask for the value of this dotted name. */
  isAsked: (name: string) => boolean
  /** Of the images, pixels; null: unknown, or the size of views is an encoder's. */
  usualSide: number | null
  /** Processes that share every batch. */
  ranks: number
}

export function notesOn(
  config: ResolvedConfig,
  schedule: ScheduleSettings,
  { isAsked, usualSide, ranks }: Circumstances,
): string[] {
  const notes = [
    warmupNote(schedule),
    stepsNote(schedule),
    milestonesNote(schedule),
    isAsked('imageSize') ? null : sizeNote(config, usualSide),
    decayNote(config),
    unreadNote(config, ranks, isAsked),
  ]
  return notes.filter((note) => note !== null)
}

/** Fewer steps move random weights, or a new classifier, but little. */
const fewSteps = 300

/** A recipe for many images makes next to no steps of few. `steps` are what was wanted. */
function stepsNote(schedule: ScheduleSettings): string | null {
  const { convention, images, batchSize, epochs, steps: wanted } = schedule
  const steps = totalSteps(schedule)
  if (wanted !== null || steps >= fewSteps) return null
  const left = convention === 'torch' ? images % batchSize : 0
  const unused = left > images / 10 ? `, ${left} of them left out of each epoch` : ''
  const change = batchSize > 32 ? 'Lower `batchSize`, raise `epochs`' : 'Raise `epochs`'
  return (
    `The run has ${count(steps, 'step')} in all: ${count(epochs, 'epoch')} of ${images} images in batches of ` +
    `${batchSize}${unused}. Some hundreds are the least to learn from. ${change}, or add images.`
  )
}

/** Images that a preset's size blows up cost a multiple of the time and hold no more than before. */
function sizeNote({ imageSize }: ResolvedConfig, usualSide: number | null): string | null {
  if (usualSide === null || imageSize < 1.5 * usualSide) return null
  const times = short((imageSize / usualSide) ** 2)
  return (
    `Views of ${imageSize} px (\`imageSize\`) are made of images of ${usualSide} px: ${times} times the pixels, with ` +
    `nothing more in them. Set \`imageSize\` to ${Math.max(usualSide, 8)} or near.`
  )
}

function decayNote({ optimizer }: ResolvedConfig): string | null {
  if (!neverAdapts(optimizer)) return null
  return (
    "LARS in the convention 'torch' adapts the learning rate of what decays alone, as lightly's does, and " +
    "`optimizer.weightDecay` is 0: this is SGD at LARS's learning rate. Set a decay, `optimizer.convention` to 'paper', " +
    "or `optimizer.name` to 'sgd'."
  )
}

/** A run that ends before its warm-up does, or with it, never has the learning rate that was meant, or has it for one step. */
function warmupNote(schedule: ScheduleSettings): string | null {
  const { warmupEpochs } = schedule
  const [epochs, steps, warmup] = [totalEpochs(schedule), totalSteps(schedule), warmupSteps(schedule)]
  if (warmup < steps && warmupEpochs < epochs) return null
  const [end, peak] = [learningRate(schedule, steps - 1), peakLr(schedule)]
  return (
    `The warm-up is as long as the run or longer: \`schedule.warmupEpochs\` is ${count(warmupEpochs, 'epoch')} ` +
    `(${count(warmup, 'step')}), the run ${count(epochs, 'epoch')} (${count(steps, 'step')}). It ends at a learning rate ` +
    `of ${short(end)}; the peak is ${short(peak)}. Shorten the warm-up, or train for longer.`
  )
}

/** A learning rate that never falls is not what was meant by saying when it falls. */
function milestonesNote(schedule: ScheduleSettings): string | null {
  const { name, milestones } = schedule
  const late = (milestones ?? []).filter((epoch) => epoch >= lengthInEpochs(schedule))
  if (name !== 'step' || late.length === 0) return null
  return (
    `The run ends before ${late.join(', ')} of \`schedule.milestones\`: it has ${count(lengthInEpochs(schedule), 'epoch')}. ` +
    'The learning rate does not fall there. Name earlier epochs, or train for longer.'
  )
}

function count(n: number, unit: string): string {
  return `${short(n)} ${unit}${n === 1 ? '' : 's'}`
}

function short(n: number): string {
  return String(Number.isInteger(n) ? n : Number(n.toPrecision(3)))
}
