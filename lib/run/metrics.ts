/** metrics.jsonl: one JSON line for each step and each epoch, in order, none twice. */
import { createReadStream } from 'node:fs'
import { createInterface } from 'node:readline'
import { exists } from '../io/exists.ts'
import { output } from '../io/output.ts'
import type { EpochEvent, StepEvent } from './events.ts'
import { GrowingFile } from './growing-file.ts'

export type Metric = StepEvent | EpochEvent

/** How far a run has come. */
export interface Place {
  /** Steps done. */
  step: number
  /** The epoch that goes on then; null: none does. */
  epoch: number | null
}

export class MetricsLog {
  readonly #file: GrowingFile
  #pending: string[] = []

  private constructor(file: GrowingFile) {
    this.#file = file
  }

  /**
   * Opens the log at a place: lines of later steps, which will be made again, are taken out, and so is the line of the
   * epoch that goes on. Throws ERR_SIMCLR_IO.
   */
  static async open(path: string, { step, epoch }: Place): Promise<{ log: MetricsLog; kept: Metric[] }> {
    const goesOn = (metric: Metric) => metric.type === 'epoch' && metric.epoch === epoch
    const metrics = await output(path, () => readMetrics(path))
    const kept = metrics.filter((metric) => stepsDone(metric) <= step && !goesOn(metric))
    return { log: new MetricsLog(await GrowingFile.begin(path, kept.map(line).join(''))), kept }
  }

  write(metric: Metric): void {
    this.#pending.push(line(metric))
  }

  /** Everything written so far is on the disk when this resolves. Throws ERR_SIMCLR_IO. */
  async flush(): Promise<void> {
    const text = this.#pending.join('')
    this.#pending = []
    await this.#file.append(text, { sync: true })
  }

  async close(): Promise<void> {
    try {
      await this.flush()
    } finally {
      await this.#file.close()
    }
  }
}

/** All metrics of a run; a line cut off by a crash, and one that is no metric, is left out. */
export async function readMetrics(path: string): Promise<Metric[]> {
  const metrics: Metric[] = []
  if (!(await exists(path))) return metrics
  for await (const text of createInterface({ input: createReadStream(path), crlfDelay: Infinity })) {
    const metric = parse(text)
    if (metric !== null) metrics.push(metric)
  }
  return metrics
}

const line = (metric: Metric): string => `${JSON.stringify(metric)}\n`
const stepsDone = (metric: Metric): number => (metric.type === 'step' ? metric.step + 1 : metric.step)

function parse(text: string): Metric | null {
  try {
    const value = JSON.parse(text) as Partial<Metric> | null
    const isMetric = value?.type === 'step' || value?.type === 'epoch'
    return isMetric && Number.isInteger(value.step) && Number.isInteger(value.epoch)
      ? (value as Metric)
      : null
  } catch {
    return null
  }
}
