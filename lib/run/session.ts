/** A run under way: its folder, data and learner, what it records, and how it ends. */
import { SimclrError } from '../addon/errors.ts'
import type { NativeBatch, NativeLearner } from '../addon/interface.ts'
import type { ResolvedConfig } from '../config/resolved.ts'
import { epochOf, type ScheduleSettings } from '../config/schedule.ts'
import { heard } from '../data/abort.ts'
import type { Images } from '../data/images.ts'
import type { Skipped } from '../data/types.ts'
import type { OnlineProbe } from '../evaluate/online.ts'
import type { Validation } from '../evaluate/validation.ts'
import { formatPercent } from '../format.ts'
import { output } from '../io/output.ts'
import type { Ranks } from '../launch/ranks.ts'
import type { Loader } from '../loader/loader.ts'
import { type EncoderWeights, encoderWeights, writeEncoder } from '../weights/encoder-file.ts'
import type { Best, BestEncoder } from './best.ts'
import type { Checkpointer } from './checkpointer.ts'
import type { EpochEvent, StepEvent, TrainEvent } from './events.ts'
import type { RunFolder } from './folder.ts'
import type { Recorder } from './recorder.ts'

/** What a run is made of; see prepare.ts. */
export interface SessionParts {
  /** The run folder, absolute; ranks of other machines may not see it. */
  path: string
  images: Images
  /** Of the classifier or the images; null where they have none. */
  classNames: readonly string[] | null
  config: ResolvedConfig
  schedule: ScheduleSettings
  /** Steps in all. */
  steps: number
  /** Steps done before. */
  step: number
  learner: NativeLearner
  loader: Loader
  /** Null without labels, and on ranks that write nothing. */
  probe: OnlineProbe | null
  recorder: Recorder
  /** Null without held-out images, and on ranks that write nothing. */
  validation: Validation | null
  /** Ends the waiting for images that are probed; that the run stops then is up to its loop. */
  signal?: AbortSignal | undefined
  ranks: Pick<Ranks, 'fromFirst' | 'atWork'>
  /** Null on all ranks but the first: what a run writes is written once. */
  disk: { folder: RunFolder; checkpointer: Checkpointer; best: BestEncoder } | null
  tell: (event: TrainEvent) => void
}

/** A 65,536th of what fp16 begins with: gradients that overflow at less are no matter of scale. */
const smallestLossScale = 1

/** A step's result before its place in the run is known. */
export type StepRecord = Omit<StepEvent, 'type' | 'time' | 'epoch'>

export interface SessionResult {
  folder: string
  weights: EncoderWeights
  history: EpochEvent[]
  skipped: Skipped[]
  best: Best | null
  seconds: number
  pairsPerSecond: number
}

export class Session {
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
  #isOver = false

  constructor(parts: SessionParts) {
    this.#parts = parts
    this.learner = parts.learner
    this.schedule = parts.schedule
    this.config = parts.config
    this.first = parts.step
    this.steps = parts.steps
    this.#step = parts.step
  }

  /** The next step's batch. Where `signal` comes first, images being waited for, the run ends as by `interrupt`. */
  async nextBatch(signal: AbortSignal | undefined): Promise<NativeBatch> {
    try {
      return await heard(this.#parts.loader.next(), signal)
    } catch (error) {
      if (!signal?.aborted) throw error
      return await this.interrupt(signal.reason)
    }
  }

  /** Has it not got better for so long that it ends before its last step? The same on every rank. */
  get isOver(): boolean {
    return this.#isOver
  }

  /** To be asked before the first step: a run that has ended so does not go on. */
  async begin(): Promise<void> {
    await this.#agreeOnEnd()
  }

  /**
   * Takes down one step, and does what is due after it: the end of an epoch, a probe, a checkpoint. Throws
   * ERR_SIMCLR_DIVERGED where the loss or the gradients are no longer finite.
   */
  async record(result: StepRecord): Promise<void> {
    const { schedule, steps, recorder, disk, ranks, tell } = this.#parts
    await this.#checkFinite(result)
    if (result.viewsProblem !== null) {
      tell({ type: 'warning', message: `Views are made on the CPU: ${result.viewsProblem}` })
    }
    if (result.graphProblem !== null) {
      tell({ type: 'warning', message: `Steps go on without a CUDA graph: ${result.graphProblem}` })
    }
    const { step } = result
    const epoch = epochOf(schedule, step)
    recorder.step({ type: 'step', time: Date.now() / 1000, epoch, ...result })
    this.#step = step + 1
    this.#stepSeconds += result.stepSeconds + result.waitSeconds

    const endsEpoch = this.#step === steps || epochOf(schedule, this.#step) > epoch
    if (endsEpoch) {
      await ranks.atWork(() => this.#endEpoch(epoch))
      await this.#agreeOnEnd()
    }
    if (disk?.checkpointer.isDue(this.#step, endsEpoch ? epoch + 1 : null))
      await ranks.atWork(() => this.#checkpoint())
  }

  async #endEpoch(epoch: number): Promise<void> {
    const { steps, recorder, probe, validation, learner, signal } = this.#parts
    const knn = probe?.isDue(epoch) ? await this.#unlessStopped(probe.run(learner, signal)) : null
    const isValidated = validation?.isDue(epoch) || this.#step === steps
    const accuracy =
      isValidated && validation ? await this.#unlessStopped(validation.accuracy(learner, signal)) : null
    await recorder.epoch(knn, accuracy)
    if (accuracy !== null) await this.#offer(accuracy)
  }

  /** Null where the signal has ended it: what a run comes to is told without. */
  async #unlessStopped<T>(work: Promise<T>): Promise<T | null> {
    const { signal } = this.#parts
    try {
      return await work
    } catch (error) {
      if (signal?.aborted && error === signal.reason) return null
      throw error
    }
  }

  /** Ends the run early: checkpoint and encoder on the disk, then throws `reason`. */
  async interrupt(reason: unknown): Promise<never> {
    await this.#parts.ranks.atWork(() => this.#leaveBehind())
    throw reason
  }

  /** Ends the run: last checkpoint, encoder.safetensors, report.html. */
  async finish(withReport: boolean): Promise<SessionResult> {
    const { path, config, images, ranks, recorder, tell } = this.#parts
    const weights = await ranks.atWork(() => this.#leaveBehind())
    const seconds = (performance.now() - this.#began) / 1000
    if (withReport) await this.#report()
    tell({ type: 'end', folder: path, step: this.#step, seconds, skipped: images.skipped.length })
    const pairs = (this.#step - this.first) * config.batchSize
    return {
      folder: path,
      weights,
      history: recorder.history,
      skipped: [...images.skipped],
      best: this.#parts.disk?.best.best ?? null,
      seconds,
      pairsPerSecond: pairs === 0 ? 0 : pairs / this.#stepSeconds,
    }
  }

  async #offer(accuracy: number): Promise<void> {
    const { disk, learner, config, classNames, tell } = this.#parts
    const weights = async () => encoderWeights(config, await learner.state(), classNames)
    if (await disk!.best.offer(accuracy, this.#step, weights)) tell({ type: 'best', ...disk!.best.best! })
  }

  /** Whether patience has run out; ranks that validate nothing learn it from the first. */
  async #agreeOnEnd(): Promise<void> {
    const { config, disk, recorder, ranks, tell } = this.#parts
    const { patience } = config.validation
    if (patience === null) return
    const since = disk?.best.since(recorder.history) ?? 0
    this.#isOver = await ranks.fromFirst(since >= patience)
    if (!this.#isOver || this.#step === this.steps || disk === null) return
    const { step, accuracy } = disk.best.best!
    const message = `The run ends after ${this.#step} of ${this.steps} steps: ${since} validations have come to no more than the ${formatPercent(accuracy)} after step ${step}.`
    tell({ type: 'warning', message })
  }

  /** Frees everything, however the run ended. */
  async [Symbol.asyncDispose](): Promise<void> {
    const { disk, images, learner, recorder, validation } = this.#parts
    await disk?.checkpointer.settle().catch(() => {}) // told already, or the run ended for another reason
    await recorder.close().catch(() => {})
    learner.dispose()
    // The folder is given back whatever an app's own source says to being closed.
    try {
      await images.dispose()
    } finally {
      try {
        await validation?.dispose()
      } finally {
        await disk?.folder.close()
      }
    }
  }

  /** A run is complete without its report, which can be made again. */
  async #report(): Promise<void> {
    const { path, disk, images, signal, tell } = this.#parts
    if (disk === null) return
    const { writeReport } = await import('../report/report.ts') // with its charts and maps: only now of use
    const warn = (message: string) => tell({ type: 'warning', message: `${message}: simclr report ${path}` })
    try {
      if ((await this.#unlessStopped(writeReport(path, { images, signal }))) !== null) return
      // Curves take no time: whoever has stopped a run in its last moments has these.
      const why = 'the run was stopped before they were looked at'
      await writeReport(path, { withoutImages: `${why}. To have them: simclr report ${path}` })
      warn(`report.html is without images, as ${why}. To have them`)
    } catch (error) {
      warn(`report.html was not written: ${(error as Error).message}. Try again`)
    }
  }

  async #checkpoint(): Promise<void> {
    await this.#parts.recorder.flush() // a checkpoint never knows of steps that metrics.jsonl has not
    await this.#parts.disk?.checkpointer.save(this.#step)
  }

  async #leaveBehind(): Promise<EncoderWeights> {
    const { config, classNames, learner, disk } = this.#parts
    await this.#checkpoint()
    const weights = encoderWeights(config, await learner.state(), classNames)
    if (disk !== null) {
      const { encoder } = disk.folder
      await output(encoder, () => writeEncoder(encoder, weights, { step: this.#step }))
      await disk.checkpointer.settle()
    }
    return weights
  }

  async #checkFinite({ step, lr, loss, gradientNorm, skipped, lossScale }: StepRecord): Promise<void> {
    // Loss scaling skips steps to find a scale that fits. Where none down to this one does, the gradients are at fault.
    const lost = skipped && lossScale !== null && lossScale < smallestLossScale
    if (Number.isFinite(loss) && Number.isFinite(gradientNorm) && !lost) return
    const { schedule, disk, config } = this.#parts
    const gradients = lost
      ? `fp16 gradients beyond 65,504 at a loss scale of ${lossScale}`
      : `gradients of norm ${gradientNorm}`
    const what = Number.isFinite(loss) ? gradients : `a loss of ${loss}`
    await disk?.checkpointer.settle()
    const checkpoint = disk?.checkpointer.newest ?? null
    throw new SimclrError(
      'ERR_SIMCLR_DIVERGED',
      `Expected finite numbers but received ${what} at step ${step} (epoch ${epochOf(schedule, step)}, learning rate ${lr}). ` +
        `Last good checkpoint: ${checkpoint ?? 'none'}. Lower \`optimizer.lr\` (now ${config.optimizer.lr}) or lengthen \`schedule.warmupEpochs\`.`,
      { checkpoint },
    )
  }
}
