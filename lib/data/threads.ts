/** Who of a run's threads decodes and who computes, where its images are streamed. */

export interface SharedThreads {
  /** That decode. */
  decoding: number
  /** That compute: a learner's shards on a CPU. */
  computing: number
  /** Batches that are decoded while another one is computed on; 0: the same thread does both, by turns. */
  ahead: number
}

/** Batches that are being decoded while the learner computes. */
const usualAhead = 2

/** One thread in four decodes. No more than `threads` are ever busy: a single one decodes and computes by turns. */
export function shareThreads(threads: number): SharedThreads {
  if (threads === 1) return { decoding: 1, computing: 1, ahead: 0 }
  const decoding = Math.max(1, Math.floor(threads / 4))
  return { decoding, computing: threads - decoding, ahead: usualAhead }
}

/** Batches that a loader prepares ahead of one that is computed on: on a GPU no thread that decodes is needed for that. */
export function batchesAhead(isStreamed: boolean, threads: number, device: string): number {
  return isStreamed && device === 'cpu' ? shareThreads(threads).ahead : usualAhead
}
