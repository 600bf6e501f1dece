/** Real processes that share a batch: each runs test/dist/rank.ts and answers with JSON. */
import { type ChildProcess, fork } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import type { GradientResult, LearnerSpec, NativeTensor } from '../../lib/addon/interface.ts'
import { freePort } from '../../lib/io/port.ts'

/** What a rank is to do: `steps` updates from views, then one batch of gradients. */
export interface Work {
  /** Without its group. */
  spec: LearnerSpec
  /** Threads of each rank. */
  shards: number[]
  images: number
  size: number
  steps: number
  lr: number
  /** Of each rank: what its pixels are multiplied by. */
  gains?: number[]
  labelled: boolean
  /** Of each rank; by default the spec's. */
  devices?: string[]
  /** Ranks meet through Gloo's sockets, as those of several machines do. */
  sockets?: boolean
}

export interface Outcome {
  gradients: GradientResult
  state: NativeTensor[]
  traffic: { collectives: number; bytes: number }
}

const program = fileURLToPath(new URL('./rank.ts', import.meta.url))

/** One process for each entry of `work.shards`; what each made. */
export async function runRanks(work: Work): Promise<Outcome[]> {
  const port = await freePort()
  return Promise.all(work.shards.map((_, rank) => outcomeOf(forkRank(work, rank, port))))
}

function forkRank(work: Work, rank: number, port: number): ChildProcess {
  const child = fork(program, [], { execArgv: ['--import', 'tsx'], serialization: 'advanced' })
  child.send({ work, rank, port })
  return child
}

function outcomeOf(child: ChildProcess): Promise<Outcome> {
  return new Promise((resolve, reject) => {
    child.on('message', (message) => {
      const { outcome, error } = message as { outcome?: Outcome; error?: string }
      if (outcome) resolve(outcome)
      else reject(new Error(error))
    })
    child.on('exit', (code, signal) => reject(new Error(`a rank ended with ${code ?? signal}`)))
  })
}
