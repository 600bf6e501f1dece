/**
 * `processes: N`: ranks on this machine as children of this process, which itself trains nothing and outlives any of
 * them.
 */
import { type ChildProcess, fork, type StdioOptions } from 'node:child_process'
import type { Server } from 'node:net'
import { SimclrError } from '../addon/errors.ts'
import { isNamed } from '../config/data-input.ts'
import { invalid } from '../config/messages.ts'
import type { TrainOptions } from '../config/options.ts'
import { defaultTimeoutSeconds } from '../config/presets.ts'
import { inheritedFlags, moduleBeside } from '../io/module.ts'
import { listenLocally, portOf, socketOf } from '../io/port.ts'
import { kernelKills, killedByOthers } from '../isolate/death.ts'
import { receiveError, sendError } from '../isolate/messages.ts'
import { newRunPath } from '../run/folder.ts'
import type { Trained } from '../run/result.ts'
import { Ending, send } from './ending.ts'
import type { News } from './messages.ts'
import { isRestart, placement, storeSocketVariable } from './placement.ts'

/** Trains with `options.processes` ranks, and again from the last checkpoint after a rank has died. */
export async function launch(options: TrainOptions): Promise<Trained> {
  if (placement() !== null) {
    throw invalid(
      'Expected no `processes` in a process that torchrun, srun or RANK and WORLD_SIZE made a rank already. Leave it out.',
    )
  }
  for (const [name, data] of [
    ['data', options.data],
    ['validation.data', options.validation?.data],
  ] as const) {
    if (isNamed(data)) continue
    throw invalid(
      `Expected data by name for \`${name}\` with several \`processes\` but received a source object, which cannot be sent to them.`,
    )
  }
  options.signal?.throwIfAborted()
  const { processes, maxRestarts = 0, onProgress, signal, isolate: _, ...rest } = options
  const own = { ...rest, out: options.out ?? (await newRunPath()) }
  for (let restarts = 0; ; restarts++) {
    const attempt = new Attempt({ size: processes!, options: own, restarts, tell: onProgress, signal })
    try {
      return await attempt.run()
    } catch (error) {
      if (signal?.aborted && (error as SimclrError).code === 'ERR_SIMCLR_ABORTED') throw signal.reason
      if (signal?.aborted || restarts >= maxRestarts || !(error instanceof RankDied)) throw error
      const message = `${error.message} Going on from the last checkpoint (restart ${restarts + 1} of ${maxRestarts}).`
      onProgress?.({ type: 'warning', message })
    }
  }
}

/** A rank died or fell silent; nothing says that it would again. */
class RankDied extends SimclrError {}

type Outcome = Exclude<News, { type: 'event' | 'ending' }>

/** How one rank ended. */
export interface End {
  rank: number
  exitCode: number | null
  exitSignal: NodeJS.Signals | null
  /** What it came to, as far as it said so. */
  last: Outcome | null
  /** This process ended it, after others had failed. */
  wasKilled: boolean
}

interface AttemptSpec {
  /** Ranks. */
  size: number
  options: TrainOptions
  /** Attempts before this one. */
  restarts: number
  tell: TrainOptions['onProgress']
  signal: AbortSignal | undefined
}

class Attempt {
  readonly #size: number
  readonly #options: TrainOptions
  readonly #restarts: number
  readonly #tell: TrainOptions['onProgress']
  readonly #signal: AbortSignal | undefined
  readonly #ending: Ending
  /** That the kernel had made for want of memory before. */
  readonly #kernelKills = kernelKills()

  constructor({ size, options, restarts, tell, signal }: AttemptSpec) {
    this.#size = size
    this.#options = options
    this.#restarts = restarts
    this.#tell = tell
    this.#signal = signal
    this.#ending = new Ending(options.distributed?.timeoutSeconds ?? defaultTimeoutSeconds)
  }

  /** Resolves with rank 0's run. */
  async run(): Promise<Trained> {
    const store = await listenLocally()
    const stop = () => this.#ending.begin()
    this.#signal?.addEventListener('abort', stop)
    try {
      const ended = Array.from({ length: this.#size }, (_, rank) => this.#untilEnd(rank, store))
      store.close() // rank 0 has it now
      const ends = await Promise.all(ended)
      const first = ends[0]!.last
      const isDone = ({ last, wasKilled }: End) => last?.type === 'done' || wasKilled
      if (first?.type === 'done' && ends.every(isDone)) return first.trained // all is on the disk
      throw failureOf(ends, this.#signal?.aborted ?? false, kernelKills() > this.#kernelKills)
    } finally {
      this.#ending.close()
      this.#signal?.removeEventListener('abort', stop)
    }
  }

  /** One rank's life. When it ends otherwise than as it should, or is the first, the others have nothing to wait for. */
  async #untilEnd(rank: number, store: Server): Promise<End> {
    const end = await this.#start(rank, store)
    this.#ending.remove(rank)
    if (rank === 0 || (end.last?.type !== 'done' && !isStop(end.last))) this.#ending.begin()
    return end
  }

  #start(rank: number, store: Server): Promise<End> {
    return new Promise((resolve) => {
      let last: Outcome | null = null
      const end = (exitCode: number | null, exitSignal: NodeJS.Signals | null) =>
        resolve({ rank, exitCode, exitSignal, last, wasKilled: this.#ending.wasKilled(rank) })
      const unable = (cause: Error) => {
        last = { type: 'failed', error: sendError(notStarted(rank, cause)) }
        end(null, null)
      }
      let child: ChildProcess
      try {
        child = this.#fork(rank, store)
      } catch (cause) {
        return unable(cause as Error)
      }
      child.on('error', (cause) => child.pid === undefined && unable(cause)) // else its exit says so
      child.on('close', end)
      if (child.pid === undefined) return
      child.on('message', (news: News) => {
        this.#ending.hear(rank, news.type === 'ending' && news.isLeaving)
        if (news.type === 'event') this.#tell?.(news.event)
        else if (news.type !== 'ending') last = news
      })
      send(child, { type: 'train', options: this.#options })
      this.#ending.add(rank, child)
      if (this.#signal?.aborted) this.#ending.begin()
    })
  }

  #fork(rank: number, store: Server): ChildProcess {
    const stdio: StdioOptions = ['ignore', 2, 2, 'ipc'] // stdout is the command's
    if (rank === 0) stdio.push(socketOf(store))
    return fork(moduleBeside(import.meta.url, './rank'), {
      serialization: 'advanced',
      execArgv: inheritedFlags(),
      stdio,
      env: environment(rank, this.#size, portOf(store), this.#restarts),
    })
  }
}

function notStarted(rank: number, cause: Error): SimclrError {
  const message = `Rank ${rank} could not be started: ${cause.message}. Free memory, files or processes, or start fewer ranks.`
  return new SimclrError('ERR_SIMCLR_PROCESS', message, { cause })
}

function isStop(last: Outcome | null): boolean {
  return last?.type === 'failed' && last.error.code === 'ERR_SIMCLR_ABORTED'
}

/**
 * The error of an attempt: the first cause that can be told from those that followed from it. `wasAborted`: from here.
 * `lacksMemory`: the kernel has killed a process meanwhile.
 */
export function failureOf(ends: readonly End[], wasAborted: boolean, lacksMemory: boolean): Error {
  const failed = ends.flatMap(({ last }) => (last?.type === 'failed' ? [last] : []))
  const died = ends.filter(({ last, wasKilled }) => last === null && !wasKilled)
  if (died.length > 0) {
    const text = died.map(({ rank, exitCode, exitSignal }) =>
      exitSignal
        ? `Rank ${rank} was killed by ${exitSignal}.`
        : `Rank ${rank} ended with exit code ${exitCode}.`,
    )
    if (died.some(({ exitSignal }) => exitSignal === 'SIGKILL')) text.push(aboutKill(lacksMemory))
    return new RankDied('ERR_SIMCLR_RANK', text.join(' '))
  }
  const stopped = failed.find(isStop)
  const own = failed.find((last) => last.error.code !== 'ERR_SIMCLR_RANK' && !isStop(last))
  if (own) return receiveError(own.error)
  const about = failed.find(({ error }) => error.code === 'ERR_SIMCLR_RANK')
  if (wasAborted && stopped) return receiveError(stopped.error)
  const killed = ends.filter(({ wasKilled }) => wasKilled)
  if (killed.length > 0) {
    const text = killed.map(({ rank }) => `Rank ${rank} did not end when it was asked to, and was killed.`)
    if (about) text.unshift(about.error.message)
    return new RankDied('ERR_SIMCLR_RANK', text.join(' '))
  }
  return receiveError((about ?? stopped ?? failed[0]!).error)
}

function aboutKill(lacksMemory: boolean): string {
  return lacksMemory
    ? 'Memory ran out: start fewer `processes`, lower `batchSize` or `limit`, or `stream` the images.'
    : killedByOthers
}

/** What torchrun would set. */
function environment(rank: number, size: number, port: number, restarts: number): NodeJS.ProcessEnv {
  const before = isRestart() ? 1 : 0 // of this process
  const inherited = Object.entries(process.env).filter(([name]) => !/^(SLURM|TORCHELASTIC)_/.test(name))
  return {
    ...Object.fromEntries(inherited),
    RANK: String(rank),
    WORLD_SIZE: String(size),
    LOCAL_RANK: String(rank),
    LOCAL_WORLD_SIZE: String(size),
    MASTER_ADDR: '127.0.0.1',
    MASTER_PORT: String(port),
    [storeSocketVariable]: rank === 0 ? '4' : '', // behind stdin, stdout, stderr and the channel
    TORCHELASTIC_RESTART_COUNT: String(before + restarts),
  }
}
