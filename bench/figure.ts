/** What a benchmark is: ours and a peer's figure for the same work. */
import type { TunedIn } from './measure/setting.ts'
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
  /** What is known of the best settings of whole training's peer here. */
  tuned: TunedIn
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

/** What the ratio should reach at least, or, where smaller is better, at most; or what ours alone should stay under. */
export type Target = { atLeast: number } | { atMost: number } | { oursAtMost: number }

export interface Figure {
  name: string
  ours: number
  /** null: not measured. */
  peer: number | null
  unit: string
  /** Ours over the peer's: larger is better for rates, smaller for memory and waiting. */
  ratio: number | null
  target: Target | null
  /** What the two sides are. */
  about: string
  /** How often each side was measured; what stands here is the median. */
  rounds: number
  /** The version of the peer's PyTorch; null: the peer has none, or there is none. */
  torch: string | null
  /** Whether it reaches its target; null: it has none, or nothing to tell by. */
  met: boolean | null
  /** Share of a limit of the machine that ours and the peer reach, where one applies. */
  share?: { of: string; ours: number; peer: number | null }
}

/** A figure before its ratio has been computed. */
export type Measured = Omit<Figure, 'ratio' | 'target' | 'met'>

/** A figure that cannot be measured here, and why. */
export interface LeftOut {
  name: string
  unit: string
  reason: string
}

export interface Benchmark {
  /** Each figure's name and its target. */
  targets: Readonly<Record<string, Target | null>>
  /** `wanted`: which of the names to measure. */
  run(context: Context, wanted: (name: string) => boolean): AsyncIterable<Measured | LeftOut>
}

export const atLeast = (ratio: number) => ({ atLeast: ratio })
export const atMost = (ratio: number) => ({ atMost: ratio })
export const oursAtMost = (value: number) => ({ oursAtMost: value })

export function complete(measured: Measured, { targets }: Benchmark): Figure {
  const { ours, peer } = measured
  const torch = peer === null ? null : measured.torch
  const ratio = peer === null ? null : ours / peer
  const target = targets[measured.name] ?? null
  return { ...measured, torch, ratio, target, met: target === null ? null : meets(target, ours, ratio) }
}

function meets(target: Target, ours: number, ratio: number | null): boolean | null {
  if ('oursAtMost' in target) return ours <= target.oursAtMost
  if (ratio === null) return null
  return 'atLeast' in target ? ratio >= target.atLeast : ratio <= target.atMost
}
