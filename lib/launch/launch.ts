/**
 * `processes: N`: ranks on this machine as children of this process, which itself trains nothing and outlives any of
 * them.
 */
import { type ChildProcess, fork } from 'node:child_process'
import { SimclrError } from '../addon/errors.ts'
import { invalid } from '../config/messages.ts'
import type { TrainOptions } from '../config/options.ts'
import { inheritedFlags, moduleBeside } from '../io/module.ts'
import { freePort } from '../io/port.ts'
import { receiveError } from '../isolate/messages.ts'
import { newRunPath } from '../run/folder.ts'
import type { Trained } from '../run/result.ts'
import type { News, Order } from './messages.ts'
import { placement } from './placement.ts'

/** For ranks to end by themselves once one has failed; they know of it within a few seconds. */
const graceSeconds = 15

/** Trains with `options.processes` ranks, and again from the last checkpoint after a rank has died. */
export async function launch(options: TrainOptions): Promise<Trained> {
  if (placement() !== null) {
    throw invalid(
      'Expected no `processes` in a process that torchrun, srun or RANK and WORLD_SIZE made a rank already. Leave it out.',
    )
  }
  if (typeof options.data === 'object') {
    throw invalid(
      'Expected data by name for `data` with several `processes` but received a source object, which cannot be sent to them.',
    )
  }
  const { processes, maxRestarts = 0, onProgress, signal, isolate: _, ...rest } = options
  const own = { ...rest, out: options.out ?? (await newRunPath()) }
  for (let restarts = 0; ; restarts++) {
    const attempt = new Attempt(
      processes!,
      restarts === 0 ? own : { ...own, resume: 'auto' },
      onProgress,
      signal,
    )
    try {
      return await attempt.run()
    } catch (error) {
      if (signal?.aborted) throw signal.reason
      if (restarts >= maxRestarts || !(error instanceof RankDied)) throw error
      const message = `${error.message} Going on from the last checkpoint (restart ${restarts + 1} of ${maxRestarts}).`
      onProgress?.({ type: 'warning', message })
    }
  }
}

/** A rank died or fell silent; nothing says that it would again. */
class RankDied extends SimclrError {}

/** How one rank ended. */
interface End {
  rank: number
  exitCode: number | null
  exitSignal: NodeJS.Signals | null
  /** What it said last. */
  last: News | null
  /** This process ended it, after others had failed. */
  wasKilled: boolean
}

class Attempt {
  readonly #size: number
  readonly #options: TrainOptions
  readonly #tell: TrainOptions['onProgress']
  readonly #signal: AbortSignal | undefined
  readonly #children: ChildProcess[] = []
  readonly #killed = new Set<number>()

  constructor(
    size: number,
    options: TrainOptions,
    tell: TrainOptions['onProgress'],
    signal: AbortSignal | undefined,
  ) {
    this.#size = size
    this.#options = options
    this.#tell = tell
    this.#signal = signal
  }

  /** Resolves with rank 0's run. */
  async run(): Promise<Trained> {
    const port = await freePort()
    const stop = () => this.#order({ type: 'stop' })
    this.#signal?.addEventListener('abort', stop)
    let grace: NodeJS.Timeout | undefined
    try {
      const ends = await Promise.all(
        Array.from({ length: this.#size }, async (_, rank) => {
          const end = await this.#start(rank, port)
          if (end.last?.type !== 'done') grace ??= setTimeout(() => this.#killRest(), graceSeconds * 1000)
          return end
        }),
      )
      const [first] = ends
      if (ends.every(({ last }) => last?.type === 'done') && first!.last?.type === 'done')
        return first!.last.trained
      throw failureOf(ends)
    } finally {
      clearTimeout(grace)
      this.#signal?.removeEventListener('abort', stop)
    }
  }

  #start(rank: number, port: number): Promise<End> {
    const child = fork(moduleBeside(import.meta.url, './rank'), {
      serialization: 'advanced',
      execArgv: inheritedFlags(import.meta.url),
      stdio: ['ignore', 2, 2, 'ipc'], // stdout is the command's
      env: environment(rank, this.#size, port),
    })
    this.#children[rank] = child
    let last: News | null = null
    child.on('message', (news: News) => {
      if (news.type === 'event') this.#tell?.(news.event)
      else last = news
    })
    child.send({ type: 'train', options: this.#options } satisfies Order, () => {})
    if (this.#signal?.aborted) child.send({ type: 'stop' } satisfies Order, () => {})
    return new Promise((resolve) => {
      child.on('error', () => {}) // it could not be started or talked to: its exit says so
      child.on('close', (exitCode, exitSignal) =>
        resolve({ rank, exitCode, exitSignal, last, wasKilled: this.#killed.has(rank) }),
      )
    })
  }

  #order(order: Order): void {
    for (const child of this.#children) if (child.connected) child.send(order, () => {})
  }

  #killRest(): void {
    for (const [rank, child] of this.#children.entries()) {
      if (child.exitCode !== null || child.signalCode !== null) continue
      this.#killed.add(rank)
      child.kill('SIGKILL') // also ends one that is stopped
    }
  }
}

/** The error of an attempt: the first cause that can be told from those that followed from it. */
function failureOf(ends: readonly End[]): Error {
  const failed = ends.flatMap(({ last }) => (last?.type === 'failed' ? [last] : []))
  const died = ends.filter(({ last, wasKilled }) => last === null && !wasKilled)
  if (died.length > 0) {
    const text = died.map(({ rank, exitCode, exitSignal }) =>
      exitSignal
        ? `Rank ${rank} was killed by ${exitSignal}.`
        : `Rank ${rank} ended with exit code ${exitCode}.`,
    )
    return new RankDied('ERR_SIMCLR_RANK', text.join(' '))
  }
  const own = failed.find(({ error, stopped }) => error.code !== 'ERR_SIMCLR_RANK' && !stopped)
  if (own) return receiveError(own.error)
  const about = failed.find(({ error }) => error.code === 'ERR_SIMCLR_RANK')
  const silent = ends.filter(({ wasKilled }) => wasKilled).map(({ rank }) => rank)
  if (silent.length > 0) {
    return new RankDied('ERR_SIMCLR_RANK', about?.error.message ?? `Rank ${silent.join(', ')} did not end.`)
  }
  return receiveError((about ?? failed[0]!).error)
}

/** What torchrun would set. */
function environment(rank: number, size: number, port: number): NodeJS.ProcessEnv {
  const inherited = Object.entries(process.env).filter(([name]) => !/^(SLURM|TORCHELASTIC)_/.test(name))
  return {
    ...Object.fromEntries(inherited),
    RANK: String(rank),
    WORLD_SIZE: String(size),
    LOCAL_RANK: String(rank),
    LOCAL_WORLD_SIZE: String(size),
    MASTER_ADDR: '127.0.0.1',
    MASTER_PORT: String(port),
  }
}
