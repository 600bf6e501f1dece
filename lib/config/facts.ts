/** What resolving options has to know beside them. */
import type { Init } from './init.ts'
import type { ResolvedConfig } from './resolved.ts'
import type { TeacherFacts } from './teacher.ts'

/** The images. */
export interface DataFacts {
  /** Images that will be trained on. */
  images: number
  /** Usual shorter side, pixels; null: unknown or mixed. */
  imageSize: number | null
  labelled: boolean
  /** Why they are not, where their source knows. */
  whyUnlabelled?: string | null
  /** The scenes of `npm start`, taken because no data were named. */
  isDefault: boolean
}

/** The machine. */
export interface MachineFacts {
  cores: number
  /** Names as in getDevices(): `cpu`, `cuda:0`, … */
  devices: string[]
  /** Why there is no GPU that can be used, or why one of them cannot; null if nothing is wrong. */
  gpuProblem: string | null
  /** How many times as fast as fp32 the CPU multiplies bf16; 0 where it cannot. Measured when called. */
  bf16Speed: () => number
  /** Processes that share every batch. Default 1. */
  ranks?: number
}

/** A run that begins or goes on. */
export interface RunFacts {
  data: DataFacts
  machine: MachineFacts
  /** Configuration of the run being resumed. */
  previous?: ResolvedConfig | undefined
  /** The encoder that `init` names. */
  init?: Init | undefined
  /** The encoder that `teacher` names. */
  teacher?: TeacherFacts | undefined
}
