/** Ranks as torchrun starts them: `simclr train` with the variables it sets. */
import { type ChildProcess, spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect } from 'chai'
import type { SimclrError } from '../../lib/addon/errors.ts'
import type { TrainOptions } from '../../lib/config/options.ts'
import { readMetrics } from '../../lib/run/metrics.ts'
import { train } from '../../lib/train.ts'
import { newestCheckpoint } from '../../lib/weights/checkpoint.ts'
import { simclrMain } from '../support/cli.ts'
import { rejection } from '../support/rejection.ts'
import { tiny, tinyFlags } from '../support/tiny.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))

export interface Place {
  rank: number
  size: number
  port: number
  /** Of rank 0; 127.0.0.1 by default. */
  host?: string
  /** A command that runs the rank, such as `ip netns exec NAME`. */
  via?: string[]
  /** More variables. */
  env?: Record<string, string>
}

/** A rank that is running. */
export class LaunchedRank {
  readonly child: ChildProcess
  stdout = ''
  stderr = ''
  readonly #closed: Promise<number | null>

  constructor({ rank, size, port, host = '127.0.0.1', via = [], env = {} }: Place, flags: string[]) {
    const train = [process.execPath, simclrMain, 'train', ...flags]
    const [program, ...parameters] = [...via, ...train] as [string, ...string[]]
    this.child = spawn(program, parameters, {
      cwd: root,
      stdio: ['ignore', 'pipe', 'pipe'],
      env: {
        ...process.env,
        RANK: String(rank),
        WORLD_SIZE: String(size),
        LOCAL_RANK: String(rank),
        LOCAL_WORLD_SIZE: String(size),
        MASTER_ADDR: host,
        MASTER_PORT: String(port),
        ...env,
      },
    })
    this.child.stdout!.setEncoding('utf8').on('data', (text: string) => {
      this.stdout += text
    })
    this.child.stderr!.setEncoding('utf8').on('data', (text: string) => {
      this.stderr += text
    })
    this.#closed = new Promise((resolve) => this.child.on('close', resolve))
  }

  /** Resolves with the exit code. */
  end(): Promise<number | null> {
    return this.#closed
  }

  /** Resolves when stdout matches; rejects if the rank ends before. */
  async until(pattern: RegExp): Promise<void> {
    let ended = false
    void this.#closed.then(() => {
      ended = true
    })
    while (!pattern.test(this.stdout)) {
      if (ended) throw new Error(`the rank ended before ${pattern}: ${this.stderr}`)
      await new Promise((resolve) => setTimeout(resolve, 20))
    }
  }
}

/** An endless tiny run; `more` flags override. */
export function endless(out: string, more: string[] = []): string[] {
  const limits = ['--distributed-timeout-seconds', '6', '--epochs', '100000', '--json']
  return [...tinyFlags, ...limits, '--out', out, ...more]
}

/** How `train()` with two ranks, of which rank 1 gets `signal` after its third step, fails. */
export function failureOfSignalled(signal: NodeJS.Signals, options: TrainOptions): Promise<SimclrError> {
  const training = train({
    ...tiny,
    processes: 2,
    ...options,
    onProgress: (event) => {
      if (event.type === 'step' && event.step === 2) process.kill(ranksOf(process.pid)[1]!, signal)
    },
  })
  return rejection(training) as Promise<SimclrError>
}

/** Steps that a run's newest checkpoint has, and steps that were recorded. */
export async function leftBehind(folder: string): Promise<{ checkpoint: number; recorded: number }> {
  const newest = await newestCheckpoint(join(folder, 'checkpoints'), () => expect.fail('damaged'))
  const steps = (await readMetrics(join(folder, 'metrics.jsonl'))).filter(({ type }) => type === 'step')
  return { checkpoint: newest!.step, recorded: steps.length }
}

/** Processes that `train({ processes })` of process `pid` has started. */
export function ranksOf(pid: number): number[] {
  return childrenOf(pid).filter((child) =>
    readFileSync(`/proc/${child}/cmdline`, 'utf8').includes('launch/rank'),
  )
}

export function childrenOf(pid: number): number[] {
  const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim()
  return children === '' ? [] : children.split(' ').map(Number)
}
