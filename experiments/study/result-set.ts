/** All results of one data set, and what they say of arms and claims. */
import { type Arm, armsFor, base, epochsOf } from './arms.ts'
import { mean } from './bars.ts'
import { type Claim, measures, type Topic } from './claims.ts'
import type { Baselines, Result } from './measure.ts'
import { halfWidth, paired, pooled } from './noise.ts'

/** A difference between two arms, or between h and z. */
export interface Effect {
  mean: number
  /** Half of its 95 % interval; null where seeds are too few for one. */
  halfWidth: number | null
  seeds: number
}

export class ResultSet {
  readonly data: string
  readonly baselines: Baselines | undefined
  /** Trainings of arms; those of arms that are no longer there are left out. */
  readonly results: readonly Result[]
  readonly arms: readonly Arm[]
  /** Of the base. */
  readonly epochs: number
  readonly images: number

  /** `lines` are of `data` alone, with at least one training. */
  constructor(data: string, lines: readonly (Result | Baselines)[]) {
    this.data = data
    this.arms = armsFor(data)
    this.baselines = lines.find((line): line is Baselines => 'raw' in line)
    this.results = lines.filter((line): line is Result => 'change' in line)
    this.epochs = mode(this.results.map(({ epochs }) => epochs))
    this.images = this.results[0]!.images
    const used = new Set(this.arms.flatMap((arm) => this.of(arm)))
    this.results = this.results.filter((result) => used.has(result))
  }

  /** As short as a table's head wants it. */
  get name(): string {
    return this.data.split(',')[0]!
  }

  /** Of a training of the base. */
  get steps(): number {
    return this.epochs * Math.floor(this.images / base.batchSize)
  }

  /** Its trainings; none where it is not part of the study. */
  of(arm: Arm): Result[] {
    if (!this.arms.includes(arm)) return []
    const epochs = epochsOf(arm, this.epochs, this.images)
    const change = JSON.stringify(arm.change)
    return this.results.filter(
      (result) => result.epochs === epochs && JSON.stringify(result.change) === change,
    )
  }

  /** Every arm that was run, under the first of its names. */
  trained(): { arm: Arm; runs: Result[] }[] {
    const keys = this.arms.map(({ change, passes = 1 }) => JSON.stringify([change, passes]))
    return this.arms
      .filter((_, i) => keys.indexOf(keys[i]!) === i)
      .map((arm) => ({ arm, runs: this.of(arm) }))
      .filter(({ runs }) => runs.length > 0)
  }

  /**
   * By seed, the first arm less the second; null where no seed has both. The spread of one seed's difference is pooled over
   * the topic's comparisons of the measure.
   */
  effect(topic: Topic, claim: Claim): Effect | null {
    const differences = this.#differences(topic, claim)
    if (differences.length === 0) return null
    const alike = topic.claims.filter(({ measure }) => measure === claim.measure)
    const spread = pooled(alike.map((other) => this.#differences(topic, other)))
    const seeds = differences.length
    return { mean: mean(differences), halfWidth: halfWidth(spread, seeds), seeds }
  }

  /**
   * The linear probe on h less that on z, over all trainings. Its interval is that of one arm's seeds: all trainings are
   * probed on the same images, so many arms are not as many witnesses.
   */
  headEffect(): Effect {
    const gains = this.trained().map(({ runs }) => runs.map(headGain))
    const seeds = new Set(this.results.map(({ seed }) => seed)).size
    return { mean: mean(this.results.map(headGain)), halfWidth: halfWidth(pooled(gains), seeds), seeds }
  }

  #differences({ factor }: Topic, { higher, lower, measure }: Claim): number[] {
    const runs = (name: string) =>
      this.arms.filter((arm) => arm.factor === factor && arm.name === name).flatMap((arm) => this.of(arm))
    return paired(runs(higher), runs(lower), measures[measure].of)
  }
}

/** What the linear probe loses behind the head. */
export const headGain = ({ h, z }: Result): number => h.linear - z.linear

function mode(values: readonly number[]): number {
  const count = (value: number) => values.filter((other) => other === value).length
  return values.reduce((best, value) => (count(value) > count(best) ? value : best))
}
