/** What a benchmark is: ours and a peer's figure for the same work. */
import type { StepPrecision } from './work/step.ts'

export interface Context {
  /** Measurements of each side; the figure is their median. */
  rounds: number
  /** A Python virtual environment that has the peers; null: ours alone. */
  peers: string | null
  /** Its PyTorch's version. */
  torch: string | null
  limits: Limits
  /** Of training steps, on both sides. */
  precision: StepPrecision
  /** The best settings of whole training's peer here, where they are known already. */
  tuned: TunedIn
}

/** Of a PyTorch training process. */
export interface Tuned {
  /** Of its DataLoader. */
  workers: number
  threads: number
}

export type TunedIn = Readonly<Partial<Record<StepPrecision, Tuned>>>

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
  /** How often each side was measured; what stands here is the median. */
  rounds: number
  /** The version of the peer's PyTorch; null: the peer has none, or there is none. */
  torch: string | null
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
  const torch = peer === null ? null : measured.torch
  return {
    ...measured,
    torch,
    ratio: peer === null ? null : ours / peer,
    target: targets[measured.name] ?? null,
  }
}
