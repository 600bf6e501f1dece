/** What a benchmark is: ours and a peer's figure for the same work. */
import type { StepPrecision } from './work/step.ts'

export interface Context {
  /** Measurements of each side; the figure is their median. */
  rounds: number
  /** A Python virtual environment that has the peers; null: ours alone. */
  peers: string | null
  limits: Limits
  /** Of training steps, on both sides. */
  precision: StepPrecision
  /** The best setting of whole training's peer here, where it is known already. */
  tuned: Tuned | null
}

/** Of a PyTorch training process. */
export interface Tuned {
  /** Of its DataLoader. */
  workers: number
  threads: number
}

/** What the machine reaches at best with all its cores, measured in the same run. */
export interface Limits {
  cores: number
  /** GFLOP/s of matrix products. */
  fp32: number
  bf16: number
  /** GB/s read and written by copies. */
  memory: number
}

export interface Figure {
  name: string
  ours: number
  /** null: not measured. */
  peer: number | null
  unit: string
  /** Ours over the peer's: larger is better for rates, smaller for memory and waiting. */
  ratio: number | null
  /** What the ratio should reach at least, or, where smaller is better, at most. */
  target: { atLeast: number } | { atMost: number } | null
  /** What the two sides are. */
  about: string
  /** Share of a limit of the machine that ours and the peer reach, where one applies. */
  share?: { of: string; ours: number; peer: number | null }
}

/** A figure before its ratio has been computed. */
export type Measured = Omit<Figure, 'ratio' | 'target'>

export interface Benchmark {
  /** Each figure's name and its ratio's target. */
  targets: Readonly<Record<string, Figure['target']>>
  /** `wanted`: which of the names to measure. */
  run(context: Context, wanted: (name: string) => boolean): AsyncIterable<Measured>
}

export const atLeast = (ratio: number) => ({ atLeast: ratio })
export const atMost = (ratio: number) => ({ atMost: ratio })

export function complete(measured: Measured, { targets }: Benchmark): Figure {
  const { ours, peer } = measured
  return { ...measured, ratio: peer === null ? null : ours / peer, target: targets[measured.name] ?? null }
}
