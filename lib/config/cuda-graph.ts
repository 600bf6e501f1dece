/** Whether a run's steps can be recorded as CUDA graphs, and what becomes of `cudaGraph` (docs/cuda.md). */
import type { LearnerSpec } from '../addon/interface.ts'
import type { Draft } from './draft.ts'
import { expected, invalid } from './messages.ts'
import type { ResolvedConfig } from './resolved.ts'

/** Why steps cannot be recorded, a clause for people; null where they can. `ranks`: processes that share a batch. */
function graphObstacle(
  { device, precision, chunkSize }: Pick<ResolvedConfig, 'device' | 'precision' | 'chunkSize'>,
  ranks: number,
): string | null {
  if (device === 'cpu') return 'a CPU has nothing to record'
  if (ranks > 1) return 'with several processes the host watches over every step'
  if (precision === 'fp16') return 'in fp16 the host decides after each backward pass whether the step counts'
  if (precision === 'fp64')
    return 'in fp64 the optimizer has no kernel that reads its learning rate on the GPU'
  if (chunkSize !== null) return '`chunkSize` is for want of memory, which a recording keeps'
  return null
}

/** Settles `config.cudaGraph`: 'auto' becomes false where it cannot be. Throws ERR_SIMCLR_INVALID_ARGUMENT where true cannot. */
export function fitGraph(draft: Draft): void {
  const { config, facts } = draft
  if (config.cudaGraph === false) return
  const obstacle = graphObstacle(config, facts.machine.ranks ?? 1)
  if (config.cudaGraph === true) {
    if (obstacle === null) return
    throw invalid(expected("'auto' or false", 'cudaGraph', true, `It cannot be on here: ${obstacle}.`))
  }
  if (obstacle !== null) config.cudaGraph = false
  draft.fitted('cudaGraph', `auto: ${obstacle ?? 'on, after three steps of a shape'}`)
}

/** What native code is told. */
export function graphMode({ cudaGraph }: ResolvedConfig): NonNullable<LearnerSpec['graph']> {
  if (cudaGraph === 'auto') return 'try'
  return cudaGraph ? 'must' : 'off'
}
