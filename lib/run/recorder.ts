/** Everything a run tells: events, metrics.jsonl, TensorBoard's file, history. */
import type { EpochEvent, StepEvent, TrainEvent } from './events.ts'
import type { RunFolder } from './folder.ts'
import { EpochMeter } from './history.ts'
import { type Metric, MetricsLog, type Place } from './metrics.ts'
import { TensorBoardLog } from './tensorboard.ts'

export class Recorder {
  /** One entry an epoch, in order. */
  readonly history: EpochEvent[] = []
  /** Null where nothing is written. */
  readonly #files: { log: MetricsLog; board: TensorBoardLog } | null
  readonly #meter: EpochMeter
  readonly #tell: (event: TrainEvent) => void

  /** Takes up what was recorded in `kept` before the run was interrupted. */
  private constructor(
    files: { log: MetricsLog; board: TensorBoardLog } | null,
    kept: Metric[],
    batchSize: number,
    tell: (event: TrainEvent) => void,
  ) {
    this.#files = files
    this.#meter = new EpochMeter(batchSize)
    this.#tell = tell
    for (const metric of kept) {
      if (metric.type === 'step') {
        this.#meter.add(metric)
      } else {
        this.#meter.clear()
        this.history.push(metric)
      }
    }
  }

  /** Goes on from `at`. */
  static async open(
    folder: RunFolder,
    at: Place,
    batchSize: number,
    tell: (event: TrainEvent) => void,
  ): Promise<Recorder> {
    const { log, kept } = await MetricsLog.open(folder.metrics, at)
    try {
      const board = await TensorBoardLog.open(folder.tensorBoard, kept)
      return new Recorder({ log, board }, kept, batchSize, tell)
    } catch (error) {
      await log.close().catch(() => {}) // what went wrong first is told
      throw error
    }
  }

  /** Keeps the history of this call's epochs alone, and writes nothing: for ranks other than the first. */
  static silent(batchSize: number): Recorder {
    return new Recorder(null, [], batchSize, () => {})
  }

  step(event: StepEvent): void {
    this.#meter.add(event)
    this.#files?.log.write(event)
    this.#files?.board.write(event)
    this.#tell(event)
  }

  /** Ends the epoch that the steps since the last one make up. */
  async epoch(knn: number | null, validation: number | null): Promise<void> {
    const event = this.#meter.finish(knn, validation)
    this.history.push(event)
    this.#files?.log.write(event)
    this.#files?.board.write(event)
    await this.flush()
    this.#tell(event)
  }

  /** Everything recorded so far is on the disk when this resolves. */
  async flush(): Promise<void> {
    await this.#files?.log.flush()
    await this.#files?.board.flush()
  }

  async close(): Promise<void> {
    try {
      await this.#files?.log.close()
    } finally {
      await this.#files?.board.close()
    }
  }
}
