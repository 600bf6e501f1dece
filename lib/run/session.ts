/** A run under way: its folder, data and learner, what it records, and how it ends. */
import { SimclrError } from '../addon/errors.ts'
import type { NativeLearner } from '../addon/interface.ts'
import type { ResolvedConfig } from '../config/resolve.ts'
import { epochOf, type ScheduleSettings } from '../config/schedule.ts'
import type { Skipped } from '../data/types.ts'
import type { OnlineProbe } from '../evaluate/online.ts'
import type { Loader } from '../loader/loader.ts'
import { writeReport } from '../report/report.ts'
import type { Checkpointer } from './checkpointer.ts'
import { encoderWeights, writeEncoder } from './encoder-file.ts'
import type { EpochEvent, StepEvent, TrainEvent } from './events.ts'
import type { RunFolder } from './folder.ts'
import type { Images } from './images.ts'
import type { Recorder } from './recorder.ts'

/** What a run is made of; see prepare.ts. */
export interface SessionParts {
  folder: RunFolder
  images: Images
  config: ResolvedConfig
  schedule: ScheduleSettings
  /** Steps in all. */
  steps: number
  /** Steps done before. */
  step: number
  learner: NativeLearner
  loader: Loader
  /** Null without labels. */
  probe: OnlineProbe | null
  recorder: Recorder
  checkpointer: Checkpointer
  tell: (event: TrainEvent) => void
}

/** A step's result before its place in the run is known. */
export type StepRecord = Omit<StepEvent, 'type' | 'time' | 'epoch'>

export interface SessionResult {
  folder: string
  history: EpochEvent[]
  skipped: Skipped[]
  seconds: number
  pairsPerSecond: number
}

export class Session {
  readonly loader: Loader
  readonly learner: NativeLearner
  readonly schedule: ScheduleSettings
  readonly config: ResolvedConfig
  /** Steps that the run had done when this session began, and steps in all. */
  readonly first: number
  readonly steps: number
  readonly #parts: SessionParts
  readonly #began = performance.now()
  #step: number
  /** Seconds of steps, waiting for batches included. */
  #stepSeconds = 0

  constructor(parts: SessionParts) {
    this.#parts = parts
    this.loader = parts.loader
    this.learner = parts.learner
    this.schedule = parts.schedule
    this.config = parts.config
    this.first = parts.step
    this.steps = parts.steps
    this.#step = parts.step
  }

  /**
   * Takes down one step, and does what is due after it: the end of an epoch, a probe, a checkpoint. Throws
   * ERR_SIMCLR_DIVERGED where the loss or the gradients are no longer finite.
   */
  async record(result: StepRecord): Promise<void> {
    const { schedule, steps, recorder, checkpointer, probe, learner } = this.#parts
    await this.#checkFinite(result)
    const { step } = result
    const epoch = epochOf(schedule, step)
    recorder.step({ type: 'step', time: Date.now() / 1000, epoch, ...result })
    this.#step = step + 1
    this.#stepSeconds += result.stepSeconds + result.waitSeconds

    const endsEpoch = this.#step === steps || epochOf(schedule, this.#step) > epoch
    if (endsEpoch) await recorder.epoch(probe?.isDue(epoch) ? await probe.run(learner) : null)
    if (checkpointer.isDue(this.#step, endsEpoch ? epoch + 1 : null)) await this.#checkpoint()
  }

  /** Ends the run early: checkpoint and encoder on the disk, then throws the signal's reason. */
  async interrupt(signal: AbortSignal): Promise<never> {
    await this.#leaveBehind()
    throw signal.reason
  }

  /** Ends the run: last checkpoint, encoder.safetensors, report.html. */
  async finish(withReport: boolean): Promise<SessionResult> {
    const { folder, config, images, recorder, tell } = this.#parts
    await this.#leaveBehind()
    const seconds = (performance.now() - this.#began) / 1000
    if (withReport) await this.#report()
    tell({ type: 'end', folder: folder.path, step: this.#step, seconds, skipped: images.skipped.length })
    const pairs = (this.#step - this.first) * config.batchSize
    return {
      folder: folder.path,
      history: recorder.history,
      skipped: [...images.skipped],
      seconds,
      pairsPerSecond: pairs === 0 ? 0 : pairs / this.#stepSeconds,
    }
  }

  /** Frees everything, however the run ended. */
  async [Symbol.asyncDispose](): Promise<void> {
    const { folder, images, learner, recorder, checkpointer } = this.#parts
    await checkpointer.settle().catch(() => {}) // told already, or the run ended for another reason
    await recorder.close().catch(() => {})
    learner.dispose()
    await images.dispose()
    await folder.close()
  }

  /** A run is complete without its report, which can be made again. */
  async #report(): Promise<void> {
    const { folder, images, tell } = this.#parts
    try {
      await writeReport(folder.path, { images })
    } catch (error) {
      const message = `report.html was not written: ${(error as Error).message}. Try again: simclr report ${folder.path}`
      tell({ type: 'warning', message })
    }
  }

  async #checkpoint(): Promise<void> {
    await this.#parts.recorder.flush() // a checkpoint never knows of steps that metrics.jsonl has not
    await this.#parts.checkpointer.save(this.#step)
  }

  async #leaveBehind(): Promise<void> {
    const { folder, config, learner, checkpointer } = this.#parts
    await this.#checkpoint()
    await writeEncoder(folder.encoder, encoderWeights(config, await learner.state()))
    await checkpointer.settle()
  }

  async #checkFinite({ step, lr, loss, gradientNorm }: StepRecord): Promise<void> {
    if (Number.isFinite(loss) && Number.isFinite(gradientNorm)) return
    const { schedule, checkpointer, config } = this.#parts
    const what = Number.isFinite(loss) ? `gradients of norm ${gradientNorm}` : `a loss of ${loss}`
    await checkpointer.settle()
    const checkpoint = checkpointer.newest
    throw new SimclrError(
      'ERR_SIMCLR_DIVERGED',
      `Expected finite numbers but received ${what} at step ${step} (epoch ${epochOf(schedule, step)}, learning rate ${lr}). ` +
        `Last good checkpoint: ${checkpoint ?? 'none'}. Lower \`optimizer.lr\` (now ${config.optimizer.lr}) or lengthen \`schedule.warmupEpochs\`.`,
      { checkpoint },
    )
  }
}
