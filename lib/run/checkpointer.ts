/** Decides when a checkpoint is due and writes it while the run goes on. */
import { dirname } from 'node:path'
import type { NativeLearner } from '../addon/interface.ts'
import type { ResolvedConfig } from '../config/resolved.ts'
import { listCheckpoints, pruneCheckpoints, writeCheckpoint } from '../weights/checkpoint.ts'

export interface CheckpointerOptions {
  folder: string
  learner: NativeLearner
  config: ResolvedConfig
  images: number
  isStreamed: boolean
  fingerprint: string
  classNames: readonly string[] | null
  /** Checksum of the weights learnt from; null without a teacher. */
  teacher: string | null
  /** The checkpoint the run goes on from, if any. */
  resumedFrom: { step: number; path: string } | null
  /** Files that could not be read: never removed. */
  unusable: readonly string[]
  onWritten(step: number, path: string): void
}

export class Checkpointer {
  readonly #options: CheckpointerOptions
  #newest: string | null
  #lastTime = performance.now()
  #lastStep = -1
  #writing: Promise<void> = Promise.resolve()
  #failure: unknown

  constructor(options: CheckpointerOptions) {
    this.#options = options
    this.#newest = options.resumedFrom?.path ?? null
    if (options.resumedFrom && dirname(options.resumedFrom.path) === options.folder) {
      this.#lastStep = options.resumedFrom.step
    }
  }

  /** The newest checkpoint on the disk. */
  get newest(): string | null {
    return this.#newest
  }

  /** Is one due, with `step` steps done? `endsEpoch`: number of epochs done, where one has just ended. */
  isDue(step: number, endsEpoch: number | null): boolean {
    const { everySeconds, everySteps, everyEpochs } = this.#options.config.checkpoint
    return (
      (everySeconds !== null && performance.now() - this.#lastTime >= everySeconds * 1000) ||
      (everySteps !== null && step % everySteps === 0) ||
      (everyEpochs !== null && endsEpoch !== null && endsEpoch % everyEpochs === 0)
    )
  }

  /**
   * Takes the state now and writes it in the background; waits only for the one before. Rejects with what
   * went wrong there, so that a run does not go on for hours without checkpoints.
   */
  async save(step: number): Promise<void> {
    await this.settle()
    if (step === this.#lastStep) return
    const tensors = await this.#options.learner.state()
    this.#lastStep = step
    this.#lastTime = performance.now()
    this.#writing = this.#write(step, tensors).catch((error: unknown) => {
      this.#failure = error
    })
  }

  /** Waits until nothing is being written. Rejects if a write has failed. */
  async settle(): Promise<void> {
    await this.#writing
    if (this.#failure !== undefined) throw this.#failure
  }

  async #write(step: number, tensors: Awaited<ReturnType<NativeLearner['state']>>): Promise<void> {
    const { folder, unusable, onWritten, learner: _, resumedFrom: _from, ...known } = this.#options
    const path = await writeCheckpoint(folder, { step, ...known, tensors })
    this.#newest = path
    const readable = (await listCheckpoints(folder)).filter((file) => !unusable.includes(file))
    await pruneCheckpoints(readable, known.config.checkpoint.keep)
    onWritten(step, path)
  }
}
