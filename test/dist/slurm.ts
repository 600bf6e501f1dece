/** A SLURM cluster of two nodes on this machine: munged, slurmctld and two slurmd, in a folder of their own. */
import { execFileSync, spawnSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { chmodSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { freePort } from '../../lib/io/port.ts'

/** Names that lead to this machine, as a cluster's lead to its nodes. */
const nodes = ['127.0.0.1', '127.0.0.2'] as const
const daemons = ['munged', 'slurmctld', ...nodes.map((node) => `slurmd-${node}`)]

export class SlurmCluster {
  readonly #folder: string

  private constructor(folder: string) {
    this.#folder = folder
  }

  /** Why there can be none here; null if there can. */
  static lacks(): string | null {
    if (process.getuid?.() !== 0) return "SLURM's daemons need root to start tasks"
    const missing = ['munged', 'slurmctld', 'slurmd', 'srun'].filter(
      (name) => spawnSync('which', [name]).status !== 0,
    )
    return missing.length > 0 ? `no ${missing.join(', ')} (apt install slurm-wlm munge)` : null
  }

  /**
   * Two nodes with two cores each, which two jobs may have at once, on which SLURM has run a task of its own. An error says what SLURM lacks here: it
   * is no fault of what is tested. `folder` must exist and is left to the caller.
   */
  static async start(folder: string): Promise<SlurmCluster> {
    chmodSync(folder, 0o755) // munge wants its socket where everybody gets to
    const cluster = new SlurmCluster(folder)
    mkdirSync(join(folder, 'state'))
    writeFileSync(join(folder, 'munge.key'), randomBytes(1024), { mode: 0o400 })
    const ports = [await freePort(), await freePort(), await freePort()] as const
    writeFileSync(join(folder, 'slurm.conf'), configuration(folder, ports))
    const own = (name: string) => join(folder, name)
    try {
      execFileSync('munged', [
        ...['--key-file', own('munge.key'), '--socket', own('munge.socket'), '--pid-file', own('munged.pid')],
        ...['--log-file', own('munged.log'), '--seed-file', own('munged.seed'), '--force'],
      ])
      cluster.run('slurmctld', [])
      for (const node of nodes) cluster.run('slurmd', ['-N', node])
      const states = () => cluster.run('sinfo', ['--noheader', '--Node', '--format=%t']).stdout.trim()
      // idle*: not answering
      for (let tries = 0; states() !== nodes.map(() => 'idle').join('\n'); tries++) {
        if (tries === 100) throw new Error("SLURM's nodes do not become idle")
        await sleep(100)
      }
      const { status, stderr } = cluster.run('srun', ['--nodes', '2', 'true'], undefined, 30_000)
      if (status !== 0) throw new Error(`\`srun --nodes 2 true\` ends with ${status}: ${stderr}`)
    } catch (error) {
      const log = cluster.log()
      await cluster.stop()
      throw new Error(`${(error as Error).message}\n${log}`, { cause: error })
    }
    return cluster
  }

  /** What a command of SLURM's says. */
  run(command: string, words: string[], cwd?: string, timeout = 180_000) {
    const env = { ...process.env, SLURM_CONF: join(this.#folder, 'slurm.conf') }
    return spawnSync(command, words, { env, cwd, encoding: 'utf8', timeout })
  }

  /** The number of a job that runs `script`, with bash, from folder `cwd`. */
  submit(script: string, cwd: string): string {
    const { status, stdout, stderr } = this.run('sbatch', ['--parsable', script], cwd)
    if (status !== 0) throw new Error(stderr)
    return stdout.trim()
  }

  /** What SLURM says of a job once it has ended for good. */
  async ended(job: string): Promise<string> {
    for (;;) {
      const { stdout } = this.run('scontrol', ['show', 'job', job])
      if (/JobState=(COMPLETED|FAILED|CANCELLED|TIMEOUT)/.test(stdout)) return stdout
      await sleep(500)
    }
  }

  log(): string {
    return daemons.map((name) => readOr(join(this.#folder, `${name}.log`), '').slice(-2000)).join('\n')
  }

  /** Ends the daemons, which write into the folder up to their end. */
  async stop(): Promise<void> {
    this.run('scancel', ['--user', 'root'])
    const pids = [...daemons]
      .reverse()
      .map((name) => Number(readOr(join(this.#folder, `${name}.pid`), '0')))
      .filter((pid) => pid > 0)
    for (const pid of pids.filter(runs)) process.kill(pid)
    for (let tries = 0; pids.some(runs); tries++) {
      if (tries === 100) for (const pid of pids.filter(runs)) process.kill(pid, 'SIGKILL')
      await sleep(100)
    }
  }
}

/** Whether a process is there and no zombie. */
function runs(pid: number): boolean {
  const state = /\) (\S)/.exec(readOr(`/proc/${pid}/stat`, ''))?.[1]
  return state !== undefined && state !== 'Z'
}

function readOr(file: string, otherwise: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch {
    return otherwise
  }
}

/**
 * A job that ends with 1 is queued again, once its credentials (5 s) have gone. Without what needs a cluster's machines: cgroups,
 * accounts, a database. The nodes are two daemons of one machine and share its cores, which only SLURM takes for four.
 */
function configuration(folder: string, [controller, ...ports]: readonly number[]): string {
  return `
ClusterName=simclr
SlurmctldHost=localhost(127.0.0.1)
SlurmUser=root
SlurmdUser=root
SlurmctldPort=${controller}
AuthType=auth/munge
AuthInfo=socket=${folder}/munge.socket,cred_expire=5
StateSaveLocation=${folder}/state
SlurmdSpoolDir=${folder}/spool-%n
SlurmctldPidFile=${folder}/slurmctld.pid
SlurmdPidFile=${folder}/slurmd-%n.pid
SlurmctldLogFile=${folder}/slurmctld.log
SlurmdLogFile=${folder}/slurmd-%n.log
ProctrackType=proctrack/linuxproc
TaskPlugin=task/affinity
JobAcctGatherType=jobacct_gather/none
MpiDefault=none
ReturnToService=2
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
SchedulerParameters=bf_interval=1,sched_interval=1
RequeueExit=1
${nodes.map((node, i) => `NodeName=${node} NodeAddr=${node} NodeHostname=localhost Port=${ports[i]} CPUs=2 RealMemory=1000`).join('\n')}
PartitionName=all Nodes=ALL Default=YES State=UP MaxTime=INFINITE OverSubscribe=FORCE:2
`
}
