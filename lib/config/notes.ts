/** What whoever starts a run should know before it begins. */
import type { ResolvedConfig } from './resolved.ts'
import {
  learningRate,
  peakLr,
  type ScheduleSettings,
  totalEpochs,
  totalSteps,
  warmupSteps,
} from './schedule.ts'
import { unreadNote } from './unread.ts'

/** `isAsked`: whether the options ask for the value of this dotted name. */
export function notesOn(
  config: ResolvedConfig,
  schedule: ScheduleSettings,
  isAsked: (name: string) => boolean,
): string[] {
  return [warmupNote(schedule), unreadNote(config, isAsked)].filter((note) => note !== null)
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

function count(n: number, unit: string): string {
  return `${short(n)} ${unit}${n === 1 ? '' : 's'}`
}

function short(n: number): string {
  return String(Number.isInteger(n) ? n : Number(n.toPrecision(3)))
}
