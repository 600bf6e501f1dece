/** What a run is made of, before it is settled what it will be. */
import type { MachineFacts } from '../config/facts.ts'
import type { TrainOptions } from '../config/options.ts'
import type { Images } from '../data/images.ts'
import type { Ranks } from '../launch/ranks.ts'
import type { TrainEvent } from './events.ts'
import type { RunFolder } from './folder.ts'
import type { Beginner } from './init.ts'
import type { Start } from './resume.ts'
import type { Teacher } from './teacher.ts'

/** Where rank 0 found the run, on every rank. */
export interface Beginning extends Start {
  /** The run folder. */
  path: string
}

/** Weights that are there already: to begin with, and to learn from. */
export interface Known {
  init: Beginner | undefined
  teacher: Teacher | undefined
}

export interface Parts {
  options: TrainOptions
  ranks: Ranks
  /** Null but on rank 0. */
  folder: RunFolder | null
  start: Beginning & Known
  machine: MachineFacts
  images: Images
  tell: (event: TrainEvent) => void
}
