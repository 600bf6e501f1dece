/** Ranks, as the addon knows them: part of the boundary (interface.ts). */

/** A process's place among the ranks of a run. */
export interface GroupSpec {
  rank: number
  /** Ranks in all. */
  size: number
  /** On this machine: where those are all, they meet in memory that they share instead of sockets. */
  localSize: number
  /** Where the run's store is, through which ranks find each other. */
  host: string
  port: number
  /** This process runs the store: rank 0, unless a launcher does. */
  servesStore: boolean
  /** A socket that listens at `port` already, which the store takes over; without it it opens one. */
  storeSocket?: number | undefined
  /**
   * A launcher keeps the store over attempts of the run, whose ranks then meet in rounds: what an earlier one left there
   * is not taken for this one's.
   */
  storeOutlives: boolean
  /** Of the run's keys: those of other runs in the store are not this one's. */
  generation: string
  /** For others to appear, and for any collective to make progress. */
  timeoutSeconds: number
}

/**
 * The ranks of a run. Whatever happens to one, every other's waiting ends with ERR_SIMCLR_RANK, which names the rank and
 * the cause, within the timeout from the last sign of life of one that is at work that takes its time.
 */
export interface NativeGroup {
  readonly rank: number
  readonly size: number
  /** What has gone through the group: collectives, and bytes that this rank contributed. */
  readonly traffic: { collectives: number; bytes: number }
  /**
   * Finds the others; every rank's `hello`, by rank. Once, before anything else. Rejects with ERR_SIMCLR_ABORTED where it
   * waits and is asked to stop.
   */
  join(hello: string): Promise<string[]>
  /** Opens the connections that learners use; after `join`. Rejects as it does, within a minute or so, naming whom it does not reach. */
  connect(): Promise<void>
  /** Every rank's text, by rank. Rejects as `join`; between steps, being asked to stop ends nothing. */
  exchange(text: string): Promise<string[]>
  /** Tells the others why this rank ends, and gives them a moment to hear it. Where it was asked to stop, they reject with ERR_SIMCLR_ABORTED. */
  announce(message: string, isStop: boolean): Promise<void>
  /** What this rank is at: told to others that wait for it in vain. */
  setActivity(activity: string): void
  /** Whether this rank is at work that takes its time: then the others wait for it as long as it lives. After `join`. */
  setAtWork(isAtWork: boolean): void
  /** All ranks are told with their next step's result; before the first, this one's `join` and `exchange` wait no longer. */
  askToStop(): void
  /** Resolves when rank 0 has left or failed, or has been seen at work no longer for the timeout. */
  outlastFirst(): Promise<void>
  /** Leaves in good order, after every learner of the group has been disposed of. */
  close(): Promise<void>
}
