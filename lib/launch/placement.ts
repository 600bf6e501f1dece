/**
 * Where this process stands among the ranks of a run, from what launchers put into the environment. The one place
 * that knows their variables.
 */
import type { GroupSpec } from '../addon/group.ts'
import { invalid } from '../config/messages.ts'

export interface Placement extends Omit<GroupSpec, 'timeoutSeconds'> {
  /** Among the ranks of this machine: one rank a GPU. */
  localRank: number
}

type Environment = Readonly<Record<string, string | undefined>>

const defaultPort = 29500

/** Names the socket that `launch()` hands down to rank 0. */
export const storeSocketVariable = 'SIMCLR_STORE_SOCKET'

/**
 * Null for a process alone. Known are RANK and WORLD_SIZE with LOCAL_RANK, LOCAL_WORLD_SIZE, MASTER_ADDR and MASTER_PORT
 * (torchrun, Kubernetes operators, by hand), and the steps of SLURM's srun. Throws ERR_SIMCLR_INVALID_ARGUMENT for values
 * that make no sense.
 */
export function placement(env: Environment = process.env): Placement | null {
  const found = env.RANK !== undefined || env.WORLD_SIZE !== undefined ? fromRank(env) : fromSlurm(env)
  if (found === null || found.size === 1) return null
  if (found.rank >= found.size) {
    throw invalid(
      `Expected a rank below the ${found.size} of WORLD_SIZE for \`RANK\` but received ${found.rank}.`,
    )
  }
  return found
}

/** Whether a launcher or srun has started this process, be it the only one. */
export function hasLauncher(env: Environment = process.env): boolean {
  return env.RANK !== undefined || env.SLURM_STEP_NUM_TASKS !== undefined
}

/** Whether a launcher or SLURM has started the command before, in an attempt that failed. */
export function isRestart(env: Environment = process.env): boolean {
  return Number(env.TORCHELASTIC_RESTART_COUNT ?? env.SLURM_RESTART_COUNT ?? 0) > 0
}

function fromRank(env: Environment): Placement {
  const rank = count(env, 'RANK', 0)
  const size = count(env, 'WORLD_SIZE', 1)
  const agent = env.TORCHELASTIC_USE_AGENT_STORE === 'True'
  return {
    rank,
    size,
    localRank: env.LOCAL_RANK === undefined ? 0 : count(env, 'LOCAL_RANK', 0),
    localSize: env.LOCAL_WORLD_SIZE === undefined ? 1 : count(env, 'LOCAL_WORLD_SIZE', 1),
    ...address(env, '127.0.0.1', defaultPort),
    servesStore: rank === 0 && !agent,
    ...(env[storeSocketVariable] && { storeSocket: count(env, storeSocketVariable, 0) }),
    // torchrun keeps its store over restarts, and over changes of the number of ranks. Its count of restarts is no
    // help: every node's agent has its own.
    storeOutlives: agent,
    generation: [env.TORCHELASTIC_RUN_ID, size].join('-'),
  }
}

function fromSlurm(env: Environment): Placement | null {
  // Set by srun for its tasks only; a batch script itself is no rank.
  if (env.SLURM_STEP_NUM_TASKS === undefined) return null
  const rank = count(env, 'SLURM_PROCID', 0)
  const size = count(env, 'SLURM_STEP_NUM_TASKS', 1)
  const job = Number(env.SLURM_JOB_ID ?? 0)
  const step = Number(env.SLURM_STEP_ID ?? 0)
  return {
    rank,
    size,
    localRank: count(env, 'SLURM_LOCALID', 0),
    localSize: tasksOfNode(env),
    // Jobs that share a node need ports of their own, and so do steps of a job.
    ...address(env, firstHost(env.SLURM_STEP_NODELIST ?? '127.0.0.1'), portOf(job, step)),
    servesStore: rank === 0,
    storeOutlives: false,
    generation: [job, step, env.SLURM_RESTART_COUNT ?? 0].join('-'),
  }
}

/** Below the ports that systems hand out. Steps are far apart: jobs with neighbouring numbers often share a node. */
function portOf(job: number, step: number): number {
  return 20_000 + ((job + 1009 * step) % 12_000)
}

function address(env: Environment, host: string, port: number): { host: string; port: number } {
  return {
    host: env.MASTER_ADDR ?? host,
    port: env.MASTER_PORT === undefined ? port : count(env, 'MASTER_PORT', 1),
  }
}

/** `2(x3),1` for the nodes of the step, in their order. */
function tasksOfNode(env: Environment): number {
  const node = env.SLURM_NODEID === undefined ? 0 : count(env, 'SLURM_NODEID', 0)
  const counts = (env.SLURM_STEP_TASKS_PER_NODE ?? '1').split(',').flatMap((part) => {
    const [, tasks, times = '1'] = /^(\d+)(?:\(x(\d+)\))?$/.exec(part) ?? [part, '1']
    return Array.from({ length: Number(times) }, () => Number(tasks))
  })
  return counts[node] ?? 1
}

/** Of `rack[1-2]n[03-05,09]-ib,login1`: rack1n03-ib. A name has as many brackets as numbers. */
export function firstHost(list: string): string {
  const [first = list] = /^(?:[^,[]|\[[^\]]*\])+/.exec(list) ?? []
  return first.replace(/\[([^\],-]*)[^\]]*\]/g, '$1')
}

function count(env: Environment, name: string, least: number): number {
  const value = env[name]
  if (value === undefined || !/^\d+$/.test(value) || Number(value) < least) {
    throw invalid(
      `Expected an integer of at least ${least} for the environment variable \`${name}\` but received ${value ?? 'nothing'}. ` +
        'RANK and WORLD_SIZE go together; unset both to train in this process alone.',
    )
  }
  return Number(value)
}
