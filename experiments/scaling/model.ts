/** How long a step of SimCLR takes on W GPUs: the formula of docs/scaling.md. */

/** What a step sends from each rank; counted, see traffic.ts. */
export interface Messages {
  /** Bytes of gradients, fp32, and the buckets that they travel in. */
  gradientBytes: number
  buckets: number
  /** Small collectives that the computation waits for: BatchNorm both ways, NT-Xent, the roll. */
  waits: number
  /** Bytes of them that do not depend on the batch, and those a row of z adds. */
  fixedBytes: number
  bytesPerImage: number
}

/** A GPU and what connects it. */
export interface Machine {
  /** Views forward and backward a second of one GPU with enough of them. */
  viewsPerSecond: number
  /** Seconds of a step however few its images are: kernels to launch. */
  floor: number
  gpusPerNode: number
  /** Bytes a second each GPU sends, within a node and between nodes. */
  linkWithin: number
  linkBetween: number
  /** Seconds of a small collective among 2 GPUs, and what each doubling of their number adds. */
  latency: number
  latencyPerDoubling: number
}

export interface Step {
  compute: number
  /** Waiting for small collectives. */
  waiting: number
  /** What of the gradients' all-reduce the backward pass does not hide. */
  gradients: number
  total: number
}

/** Of `batch` images on `gpus` GPUs, seconds. */
export function stepTime(gpus: number, batch: number, messages: Messages, machine: Machine): Step {
  const images = batch / gpus
  const compute = Math.max((2 * images) / machine.viewsPerSecond, machine.floor)
  if (gpus === 1) return { compute, waiting: 0, gradients: 0, total: compute }
  const link = gpus > machine.gpusPerNode ? machine.linkBetween : machine.linkWithin
  const latency = machine.latency + machine.latencyPerDoubling * Math.log2(gpus / 2)
  // A gather brings every other rank's bytes to each.
  const gathered = (gpus - 1) * (messages.fixedBytes + images * messages.bytesPerImage)
  const waiting = messages.waits * latency + gathered / link
  const ring = (2 * (gpus - 1) * messages.gradientBytes) / gpus / link
  const reduce = ring + messages.buckets * latency
  // The backward pass, two thirds of the computation, hides all but the last bucket.
  const last = reduce / messages.buckets
  const gradients = Math.max(reduce - (2 / 3) * compute, last)
  return { compute, waiting, gradients, total: compute + waiting + gradients }
}

/** Throughput against `gpus` times that of one GPU with as many images of its own. */
export function efficiency(gpus: number, batch: number, messages: Messages, machine: Machine): number {
  const alone = (2 * batch) / gpus / machine.viewsPerSecond
  return alone / stepTime(gpus, batch, messages, machine).total
}

/** The smallest power of two that keeps `least` of every GPU's throughput. */
export function smallestBatch(gpus: number, least: number, messages: Messages, machine: Machine): number {
  for (let batch = gpus; ; batch *= 2) {
    if (efficiency(gpus, batch, messages, machine) >= least) return batch
    if (batch > 2 ** 24) return Number.POSITIVE_INFINITY
  }
}

/** The number of GPUs, a power of two, that takes a step of `batch` soonest. */
export function fastest(batch: number, messages: Messages, machine: Machine): number {
  let best = 1
  for (let gpus = 1; gpus <= batch; gpus *= 2) {
    const time = (n: number) => stepTime(n, batch, messages, machine).total
    if (time(gpus) < time(best)) best = gpus
  }
  return best
}
