/** A configuration whose layers are merged and that is not yet fitted to images and machine. */
import type { RunFacts } from './facts.ts'
import type { Reason } from './reason.ts'
import type { ResolvedConfig } from './resolved.ts'
import type { TrainSettings } from './settings.ts'

export class Draft {
  /** Device, precision, threads and stem may still be 'auto', colours absent. */
  readonly config: ResolvedConfig
  /** As they were given. */
  readonly options: TrainSettings
  readonly facts: RunFacts
  readonly #why: Record<string, Reason>

  /** `why` of each value by its dotted name, which goes along with what becomes of `config`. */
  constructor(
    config: ResolvedConfig,
    { options, facts, why }: { options: TrainSettings; facts: RunFacts; why: Record<string, Reason> },
  ) {
    this.config = config
    this.options = options
    this.facts = facts
    this.#why = why
  }

  /** Notes that circumstances have decided a value, and which. */
  fitted(name: string, text: string): void {
    this.#why[name] = { by: 'circumstances', text }
  }

  /** Notes what else is to be said of a value. */
  remark(name: string, note: string): void {
    this.#why[name] = { ...this.#why[name]!, note }
  }
}
