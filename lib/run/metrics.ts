/** metrics.jsonl: one JSON line for each step and each epoch, in order, none twice. */
import { createReadStream } from 'node:fs'
import { type FileHandle, open } from 'node:fs/promises'
import { createInterface } from 'node:readline'
import { SimclrError } from '../addon/errors.ts'
import { writeFileAtomic } from '../io/atomic.ts'
import { exists } from '../io/exists.ts'
import type { EpochEvent, StepEvent } from './events.ts'

export type Metric = StepEvent | EpochEvent

export class MetricsLog {
  readonly #file: FileHandle
  readonly #path: string
  #pending: string[] = []

  private constructor(file: FileHandle, path: string) {
    this.#file = file
    this.#path = path
  }

  /**
   * Opens the log at `step` steps done: lines of later steps, which will be made again, are taken out, and so is the
   * line of the epoch that goes on then (`epoch`; null: none does).
   */
  static async open(
    path: string,
    step: number,
    epoch: number | null,
  ): Promise<{ log: MetricsLog; kept: Metric[] }> {
    const goesOn = (metric: Metric) => metric.type === 'epoch' && metric.epoch === epoch
    const kept = (await readMetrics(path)).filter((metric) => stepsDone(metric) <= step && !goesOn(metric))
    await writeFileAtomic(path, kept.map(line).join(''))
    return { log: new MetricsLog(await open(path, 'a'), path), kept }
  }

  write(metric: Metric): void {
    this.#pending.push(line(metric))
  }

  /** Everything written so far is on the disk when this resolves. */
  async flush(): Promise<void> {
    const text = this.#pending.join('')
    this.#pending = []
    try {
      if (text !== '') await this.#file.appendFile(text)
      await this.#file.datasync()
    } catch (error) {
      const message = `Could not write ${this.#path}: ${(error as Error).message}. Free space, then resume the run.`
      throw new SimclrError('ERR_SIMCLR_IO', message, { cause: error })
    }
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
