/** The ranks of a run, as its code sees them: this one, and what all must agree on. */
import { SimclrError } from '../addon/errors.ts'
import type { NativeGroup } from '../addon/interface.ts'
import { loadAddon } from '../addon/load.ts'
import { show } from '../config/messages.ts'
import { versions } from '../machine.ts'
import { ownSeat, type Seat, sharersOf } from './cores.ts'
import { type Placement, placement } from './placement.ts'

/** Named values that must be the same on every rank. */
export type Facts = Readonly<Record<string, unknown>>

/** How a rank came by a fact, and what to do where another came by it otherwise and has another. */
export interface Remark {
  text: string
  advice: string
}

/** By the facts' names. */
export type Remarks = Readonly<Record<string, Remark>>

export class Ranks {
  readonly rank: number
  readonly size: number
  /** Null where this process trains alone. */
  readonly group: NativeGroup | null
  /** Ranks on this machine. */
  readonly #localSize: number
  readonly #signal: AbortSignal | undefined
  readonly #onLastStep: (() => void) | undefined
  /** All have agreed on the step after which they stop. */
  #stopsTogether = false
  /** Pieces of work under way that take their time. */
  #works = 0

  private constructor(group: NativeGroup | null, localSize: number, { signal, onLastStep }: RanksOptions) {
    this.group = group
    this.rank = group?.rank ?? 0
    this.size = group?.size ?? 1
    this.#localSize = localSize
    this.#signal = signal
    this.#onLastStep = onLastStep
  }

  /**
   * Runs `work` as a rank of the run that the environment describes, or alone. If it fails, the other ranks are told
   * why before its error goes on. Throws ERR_SIMCLR_RANK where the others are missing or of another version, and the
   * signal's reason where it stops the waiting for them.
   */
  static async with<T>(options: RanksOptions, work: (ranks: Ranks) => Promise<T>): Promise<T> {
    const { signal, timeoutSeconds } = options
    const place = placement()
    const group = place && createGroup(place, timeoutSeconds)
    const ranks = new Ranks(group, place?.localSize ?? 1, options)
    const stop = () => group?.askToStop()
    signal?.addEventListener('abort', stop)
    if (signal?.aborted) stop()
    try {
      if (group !== null) await join(group, place!.localSize)
      return await work(ranks)
    } catch (error) {
      const isStop = isAborted(error) || (signal?.aborted && error === signal.reason)
      if (!ranks.#stopsTogether) await group?.announce(describe(error), isStop ?? false)
      throw isStop ? ranks.stopReason : error
    } finally {
      // Launchers end all that are left, in half a minute, once one has ended; and rank 0 may still be writing.
      if (ranks.#stopsTogether && !ranks.isFirst) await group?.outlastFirst()
      signal?.removeEventListener('abort', stop)
      await group?.close()
    }
  }

  /** Writes what is written once. */
  get isFirst(): boolean {
    return this.rank === 0
  }

  /** This rank's part of `count` things: parts follow each other by rank, and their sizes differ by one at most. */
  part(count: number): { begin: number; end: number } {
    const at = (rank: number) => Math.floor((count * rank) / this.size)
    return { begin: at(this.rank), end: at(this.rank + 1) }
  }

  /** Rank 0's value, on every rank. Others need not have one. */
  async fromFirst<T>(value: T | null): Promise<T> {
    if (this.group === null) return value as T
    const [first] = await this.group.exchange(JSON.stringify(this.isFirst ? value : null))
    return JSON.parse(first!) as T
  }

  /** Ranks that share this one's cores, itself among them. */
  async coreSharers(): Promise<number> {
    if (this.group === null) return 1
    const seats = (await this.group.exchange(JSON.stringify(ownSeat()))).map(
      (text) => JSON.parse(text) as Seat,
    )
    return sharersOf(seats, this.rank, this.#localSize)
  }

  /** Throws ERR_SIMCLR_RANK, naming rank and fact, where a rank has not the same facts as rank 0. `remarks` may differ. */
  async agree(facts: () => Facts, remarks: Remarks = {}): Promise<void> {
    if (this.group === null) return
    const all = await this.group.exchange(JSON.stringify({ facts: facts(), remarks } satisfies Told))
    compare(all.map((text) => JSON.parse(text) as Told))
  }

  /**
   * Whether to stop before the next step. Alone: as soon as the signal says so; with others: when all know of it, which
   * the last step's result says.
   */
  shouldStop(stopAsked: boolean): boolean {
    if (this.group === null) return this.#signal?.aborted ?? false
    this.#stopsTogether = stopAsked
    if (stopAsked) this.tookLastStep()
    return stopAsked
  }

  /** From here on nobody waits for this rank: it leaves behind what there is. */
  tookLastStep(): void {
    this.#onLastStep?.()
  }

  /** What ends this process's waiting between steps; undefined with others, who would wait for it in the next step. */
  get signal(): AbortSignal | undefined {
    return this.group === null ? this.#signal : undefined
  }

  /** What a stopped run is rejected with. */
  get stopReason(): unknown {
    if (this.#signal?.aborted) return this.#signal.reason
    const message =
      'Another rank of this run was asked to stop, and so all have. Train again with the same `out` to go on.'
    return new SimclrError('ERR_SIMCLR_ABORTED', message)
  }

  /**
   * Does what takes its time while the others wait for this rank: they do so as long as it lives, whatever the timeout.
   * Nothing in `work` may wait for them.
   */
  async atWork<T>(work: () => Promise<T>): Promise<T> {
    if (this.#works++ === 0) this.group?.setAtWork(true)
    try {
      return await work()
    } finally {
      if (--this.#works === 0) this.group?.setAtWork(false)
    }
  }

  /** What this rank is at, for others that wait for it in vain. */
  setActivity(activity: string): void {
    this.group?.setActivity(activity)
  }
}

export interface RanksOptions {
  signal?: AbortSignal | undefined
  timeoutSeconds: number
  /** Told after the last step, whether the run is complete or all have stopped: what is left is to be written. */
  onLastStep?: (() => void) | undefined
}

/** Of a rank that was asked to stop, or that heard of one that was. */
function isAborted(error: unknown): boolean {
  return error instanceof SimclrError && error.code === 'ERR_SIMCLR_ABORTED'
}

function createGroup(place: Placement, timeoutSeconds: number): NativeGroup {
  const { localRank: _, ...spec } = place
  const { Group } = loadAddon()
  return new Group({ ...spec, timeoutSeconds })
}

async function join(group: NativeGroup, localSize: number): Promise<void> {
  const { simclr, libtorch } = versions()
  const facts = { 'simclr version': simclr, 'LibTorch version': libtorch }
  const told = await group.join(JSON.stringify({ facts, localSize } satisfies Hello))
  const hellos = told.map((text) => JSON.parse(text) as Hello)
  compare(hellos)
  checkLocalSizes(hellos.map((hello) => hello.localSize))
  await group.connect()
}

interface Told {
  facts: Facts
  remarks?: Remarks
}

interface Hello extends Told {
  /** Ranks on its machine. */
  localSize: number
}

/** Machines may have ranks in any number, but where one has all, every rank is there. */
function checkLocalSizes(sizes: readonly number[]): void {
  const all = sizes.indexOf(sizes.length)
  const other = sizes.findIndex((size) => size !== sizes.length)
  if (all < 0 || other < 0) return
  throw new SimclrError(
    'ERR_SIMCLR_RANK',
    `Expected every rank on one machine, as LOCAL_WORLD_SIZE=${sizes[all]} of rank ${all} says, but rank ${other} has LOCAL_WORLD_SIZE=${sizes[other]}. Set it on every rank to the number of ranks on that rank's machine.`,
  )
}

function compare(all: readonly Told[]): void {
  const [first, ...others] = all as [Told, ...Told[]]
  for (const [i, other] of others.entries()) {
    for (const name of new Set([...Object.keys(first.facts), ...Object.keys(other.facts)])) {
      const [ours, theirs] = [first.facts[name], other.facts[name]]
      if (JSON.stringify(ours) === JSON.stringify(theirs)) continue
      const [own, remark] = [first.remarks?.[name], other.remarks?.[name]]
      const explains = own?.text !== remark?.text
      const as = (of: Remark | undefined) => (explains && of ? ` (${of.text})` : '')
      const advice = explains && own ? own.advice : 'Start all ranks with the same options, data and version.'
      throw new SimclrError(
        'ERR_SIMCLR_RANK',
        `Expected the same \`${name}\` on all ranks but rank ${i + 1} has ${show(theirs)}${as(remark)} and rank 0 ${show(ours)}${as(own)}. ${advice}`,
      )
    }
  }
}

function describe(error: unknown): string {
  if (error instanceof SimclrError) return `${error.message} (${error.code})`
  return error instanceof Error ? error.message : String(error)
}
