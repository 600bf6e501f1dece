/** How a PyTorch process is set up, and which setting is its best here: it depends on the processor, the precision and the sizes. */
import { Misuse } from '../../scripts/command-line.mjs'
import type { StepPrecision } from '../work/step.ts'

/** How images lie in its memory. */
export const memoryFormats = ['channels_last', 'contiguous'] as const
export type MemoryFormat = (typeof memoryFormats)[number]

/** Of a training process. */
export interface Tuned {
  /** Of its DataLoader. */
  workers: number
  threads: number
  memoryFormat: MemoryFormat
}

/** What is known of the best settings already; where no memory format is, it is still to be found. */
export type TunedIn = Readonly<
  Partial<Record<StepPrecision, Omit<Tuned, 'memoryFormat'> & Partial<Pick<Tuned, 'memoryFormat'>>>>
>

/** As part of a sentence. */
export function describeSetting({ workers, threads, memoryFormat }: Partial<Tuned>): string {
  const parts = [
    workers === undefined ? [] : `${workers} worker${workers === 1 ? '' : 's'}`,
    threads === undefined ? [] : `${threads} thread${threads === 1 ? '' : 's'}`,
    memoryFormat ?? [],
  ]
  return parts.flat().join(', ')
}

/** As flags of bench/peers. */
export function settingFlags({ workers, threads, memoryFormat }: Tuned): string[] {
  const flags = { workers, threads, 'memory-format': memoryFormat }
  return Object.entries(flags).flatMap(([name, value]) => [`--${name}`, `${value}`])
}

/**
 * The best setting by what `rate` says, larger is better: no workers, half as many as cores and as many, each with one
 * thread and with all cores', in channels_last; then the two best of these with contiguous images. Of what is known only
 * the rest is tried.
 */
export function tune(cores: number, known: TunedIn[StepPrecision], rate: (setting: Tuned) => number): Tuned {
  if (known?.memoryFormat !== undefined) return { ...known, memoryFormat: known.memoryFormat }
  const counts =
    known === undefined
      ? [...new Set([0, Math.ceil(cores / 2), cores])].flatMap((workers) =>
          [...new Set([1, cores])].map((threads) => ({ workers, threads })),
        )
      : [known]
  const rated = (settings: readonly Omit<Tuned, 'memoryFormat'>[], memoryFormat: MemoryFormat) =>
    settings
      .map(({ workers, threads }) => ({ workers, threads, memoryFormat }))
      .map((setting) => ({ setting, rate: rate(setting) }))
      .sort((a, b) => b.rate - a.rate)
  const first = rated(counts, memoryFormats[0])
  const second = rated(
    first.slice(0, 2).map(({ setting }) => setting),
    memoryFormats[1],
  )
  return [...first, ...second].reduce((a, b) => (b.rate > a.rate ? b : a)).setting
}

/** From flags such as `bf16=2,1,contiguous`: in bf16, 2 workers, 1 thread and contiguous images. The last may be left out. */
export function readTuned(flags: readonly string[]): TunedIn {
  const pattern = new RegExp(`^(bf16|fp32)=(\\d+),([1-9]\\d*)(?:,(${memoryFormats.join('|')}))?$`)
  const read = (text: string) => {
    const [, precision, workers, threads, memoryFormat] = pattern.exec(text) ?? []
    if (precision === undefined) {
      throw new Misuse(
        `Expected PRECISION=WORKERS,THREADS or PRECISION=WORKERS,THREADS,${memoryFormats.join('|')}, such as bf16=2,1, ` +
          `for --tuned but received ${text}.`,
      )
    }
    const counts = { workers: Number(workers), threads: Number(threads) }
    return [precision, memoryFormat === undefined ? counts : { ...counts, memoryFormat }]
  }
  return Object.fromEntries(flags.map(read))
}
