/** A SLURM cluster of one node, this machine: munged, slurmctld and slurmd, in a folder of their own. */
import { execFileSync, spawnSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { chmodSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { freePort } from '../../lib/io/port.ts'

const daemons = ['munged', 'slurmctld', 'slurmd'] as const

export class SlurmCluster {
  readonly #folder: string

  private constructor(folder: string) {
    this.#folder = folder
  }

  /** Why there can be none here; null if there can. */
  static lacks(): string | null {
    if (process.getuid?.() !== 0) return "SLURM's daemons need root to start tasks"
    const missing = [...daemons, 'srun'].filter((name) => spawnSync('which', [name]).status !== 0)
    return missing.length > 0 ? `no ${missing.join(', ')} (apt install slurm-wlm munge)` : null
  }

  /**
   * Two cores, free, on which SLURM has run a task of its own. An error says what SLURM lacks here: it is no fault of
   * what is tested. `folder` must exist and is left to the caller.
   */
  static async start(folder: string): Promise<SlurmCluster> {
    chmodSync(folder, 0o755) // munge wants its socket where everybody gets to
    const cluster = new SlurmCluster(folder)
    for (const name of ['state', 'spool']) mkdirSync(join(folder, name))
    writeFileSync(join(folder, 'munge.key'), randomBytes(1024), { mode: 0o400 })
    writeFileSync(join(folder, 'slurm.conf'), configuration(folder, await freePort(), await freePort()))
    const own = (name: string) => join(folder, name)
    try {
      execFileSync('munged', [
        ...['--key-file', own('munge.key'), '--socket', own('munge.socket'), '--pid-file', own('munged.pid')],
        ...['--log-file', own('munged.log'), '--seed-file', own('munged.seed'), '--force'],
      ])
      cluster.run('slurmctld', [])
      cluster.run('slurmd', ['-N', 'localhost'])
      // idle*: not answering
      for (let tries = 0; !/idle(?!\*)/.test(cluster.run('sinfo', ['-h']).stdout); tries++) {
        if (tries === 100) throw new Error("SLURM's node does not become idle")
        await sleep(100)
      }
      const { status, stderr } = cluster.run('srun', ['--ntasks', '2', 'true'], undefined, 30_000)
      if (status !== 0) throw new Error(`\`srun --ntasks 2 true\` ends with ${status}: ${stderr}`)
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

/** A job that ends with 1 is queued again, once its credentials (5 s) have gone. Without what needs a cluster's machines: cgroups, accounts, a database. */
function configuration(folder: string, controller: number, node: number): string {
  return `
ClusterName=simclr
SlurmctldHost=localhost(127.0.0.1)
SlurmUser=root
SlurmdUser=root
SlurmctldPort=${controller}
SlurmdPort=${node}
AuthType=auth/munge
AuthInfo=socket=${folder}/munge.socket,cred_expire=5
StateSaveLocation=${folder}/state
SlurmdSpoolDir=${folder}/spool
SlurmctldPidFile=${folder}/slurmctld.pid
SlurmdPidFile=${folder}/slurmd.pid
SlurmctldLogFile=${folder}/slurmctld.log
SlurmdLogFile=${folder}/slurmd.log
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
JobAcctGatherType=jobacct_gather/none
MpiDefault=none
ReturnToService=2
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
RequeueExit=1
NodeName=localhost NodeAddr=127.0.0.1 CPUs=2 RealMemory=1000
PartitionName=all Nodes=localhost Default=YES State=UP MaxTime=INFINITE
`
}
