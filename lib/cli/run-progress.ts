/** A run on the terminal: a bar where a person watches, a line an epoch elsewhere. */
import type { SingleBar } from 'cli-progress'
import { formatCount, formatDuration, formatPercent } from '../format.ts'
import type { EpochEvent, StepEvent, TrainEvent } from '../run/events.ts'
import { say } from './output.ts'
import { createBar } from './progress.ts'

/** Steps whose mean the bar shows. */
const window = 50
/** Of the bar, characters: much stands beside it. */
const barsize = 20

export class RunProgress {
  readonly #onTerminal = process.stderr.isTTY === true
  #bar: SingleBar | null = null
  #steps: StepEvent[] = []
  #total = 0
  #epochs = 0
  #batchSize = 0
  /** What a classifier's share of right answers is called. */
  #right = 'accuracy'
  #knn: number | null = null
  #reading = ''

  /** Shows one event of a run. */
  show(event: TrainEvent): void {
    if (event.type === 'data') this.#data(event.name, event.done, event.total)
    else if (event.type === 'start') this.#start(event)
    else if (event.type === 'step') this.#step(event)
    else if (event.type === 'epoch') this.#epoch(event)
    else if (event.type === 'warning') this.#print(`Note: ${event.message}`)
    else if (event.type === 'end') this.stop()
  }

  /** Takes the bar away; call it before anything else is printed. */
  stop(): void {
    this.#bar?.stop()
    this.#bar = null
  }

  #data(name: string, done: number, total: number): void {
    if (!this.#onTerminal) {
      if (done === total) say(`Read ${formatCount(total)} images of ${name}.`)
      return
    }
    if (this.#reading !== name) {
      this.stop()
      this.#reading = name
      this.#bar = createBar(`Reading ${name} {bar} {value}/{total}, {eta_formatted} left`, { barsize })
      this.#bar.start(total, 0)
    }
    this.#bar?.update(done)
    if (done === total) this.stop()
  }

  #start({ folder, data, resolution, step, parameters }: Extract<TrainEvent, { type: 'start' }>): void {
    this.stop()
    const { config, plan } = resolution
    const { encoder, optimizer } = config
    this.#total = plan.steps
    this.#epochs = plan.epochs
    this.#batchSize = config.batchSize
    const isStudent = config.objective === 'distill'
    this.#right = isStudent ? 'as the teacher' : 'accuracy'
    const tau = isStudent ? config.distillation.temperature : config.temperature
    const width = encoder.width === 1 ? '' : ` x ${encoder.width}`
    const sizes = [...(config.resolution ?? []).map(({ size }) => size), config.imageSize].join(' → ')
    say(`${data}: ${formatCount(plan.images)} images at ${sizes} px, preset ${config.preset}`)
    const views =
      (config.views === 2 ? '' : ` in ${config.views} views`) +
      (config.chunkSize === null ? '' : `, ${config.chunkSize} at a time`)
    say(
      `${encoder.arch}${width} (${encoder.stem} stem, ${formatCount(parameters)} parameters), batch ${config.batchSize}${views}, ` +
        `${optimizer.name} ${optimizer.lr}, τ ${tau}, ${config.precision} on ${config.device}, ${config.threads} threads`,
    )
    const rest = step === 0 ? '' : `, going on from step ${formatCount(step)}`
    say(`${plan.epochs} epochs, ${formatCount(plan.steps)} steps${rest} → ${folder}`)
    if (!this.#onTerminal) return
    this.#bar = createBar(
      'epoch {epoch} {bar} {percentage}% | loss {loss} | kNN {knn} | {rate} pairs/s | {left} left',
      { barsize },
    )
    this.#bar.start(plan.steps, step, {
      epoch: `1/${plan.epochs}`,
      loss: '–',
      knn: '–',
      rate: '–',
      left: '–',
    })
  }

  #step(event: StepEvent): void {
    this.#steps = [...this.#steps.slice(1 - window), event]
    if (this.#bar === null) return
    const seconds = this.#secondsPerStep()
    this.#bar.update(event.step + 1, {
      epoch: `${event.epoch + 1}/${this.#epochs}`,
      loss: (this.#steps.reduce((sum, { loss }) => sum + loss, 0) / this.#steps.length).toFixed(3),
      rate: formatCount(Math.round(this.#batchSize / seconds)),
      left: formatDuration((this.#total - event.step - 1) * seconds),
    })
  }

  #epoch(event: EpochEvent): void {
    if (event.knn !== null) this.#knn = event.knn
    const knn = this.#knn === null ? '–' : formatPercent(this.#knn)
    const held = event.validation === null ? '' : `  held-out ${formatPercent(event.validation)}`
    if (this.#bar !== null) {
      this.#bar.update({ knn: knn + held })
      return
    }
    const left = formatDuration((this.#total - event.step) * this.#secondsPerStep())
    const right =
      event.contrastiveAccuracy === null
        ? `${this.#right} ${formatPercent(event.probeAccuracy!)}`
        : `contrastive ${formatPercent(event.contrastiveAccuracy)}  kNN ${knn}`
    say(
      `epoch ${event.epoch + 1}/${this.#epochs}  loss ${event.loss.toFixed(3)}  ${right}${held}  ${formatCount(Math.round(event.pairsPerSecond))} pairs/s  ${left} left`,
    )
  }

  #secondsPerStep(): number {
    if (this.#steps.length === 0) return 0
    return (
      this.#steps.reduce((sum, step) => sum + step.stepSeconds + step.waitSeconds, 0) / this.#steps.length
    )
  }

  #print(text: string): void {
    if (this.#bar !== null) process.stderr.write('\r\u001b[K')
    say(text)
  }
}
