/** Everything a run tells: events, metrics.jsonl, history. */
import type { EpochEvent, StepEvent, TrainEvent } from './events.ts'
import { EpochMeter } from './history.ts'
import { type Metric, MetricsLog } from './metrics.ts'

export class Recorder {
  /** One entry an epoch, in order. */
  readonly history: EpochEvent[] = []
  readonly #log: MetricsLog
  readonly #meter: EpochMeter
  readonly #tell: (event: TrainEvent) => void

  /** Takes up what was recorded in `kept` before the run was interrupted. */
  private constructor(log: MetricsLog, kept: Metric[], batchSize: number, tell: (event: TrainEvent) => void) {
    this.#log = log
    this.#meter = new EpochMeter(batchSize)
    this.#tell = tell
    for (const metric of kept) {
      if (metric.type === 'step') {
        this.#meter.add(metric)
      } else {
        this.#meter.finish(metric.knn)
        this.history.push(metric)
      }
    }
  }

  /** `step`: steps done so far. */
  static async open(
    path: string,
    step: number,
    batchSize: number,
    tell: (event: TrainEvent) => void,
  ): Promise<Recorder> {
    const { log, kept } = await MetricsLog.open(path, step)
    return new Recorder(log, kept, batchSize, tell)
  }

  step(event: StepEvent): void {
    this.#meter.add(event)
    this.#log.write(event)
    this.#tell(event)
  }

  /** Ends the epoch that the steps since the last one make up. */
  async epoch(knn: number | null): Promise<void> {
    const event = this.#meter.finish(knn)
    this.history.push(event)
    this.#log.write(event)
    await this.#log.flush()
    this.#tell(event)
  }

  /** Everything recorded so far is on the disk when this resolves. */
  flush(): Promise<void> {
    return this.#log.flush()
  }

  close(): Promise<void> {
    return this.#log.close()
  }
}
