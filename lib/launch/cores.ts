/** Which ranks share cores: launchers such as srun bind each to its own, or leave them all of the machine's. */
import { readFileSync } from 'node:fs'
import { hostname } from 'node:os'

/** Where a process may run. */
export interface Seat {
  host: string
  /** Numbers of cores, e.g. `0-3,8`; empty where the system does not tell. */
  cores: string
}

/** This process's. */
export function ownSeat(): Seat {
  return { host: hostname(), cores: allowedCores() }
}

/** Ranks that may run on a core of rank `rank`, itself among them: at most the `localSize` of its machine. */
export function sharersOf(seats: readonly Seat[], rank: number, localSize: number): number {
  const own = seats[rank]!
  const mine = new Set(coresIn(own.cores))
  if (mine.size === 0) return localSize
  const overlaps = ({ host, cores }: Seat) =>
    host === own.host && (cores === '' || coresIn(cores).some((core) => mine.has(core)))
  return Math.min(localSize, seats.filter(overlaps).length)
}

function allowedCores(): string {
  try {
    return /^Cpus_allowed_list:\s*(\S+)$/m.exec(readFileSync('/proc/self/status', 'utf8'))?.[1] ?? ''
  } catch {
    return ''
  }
}

function coresIn(list: string): number[] {
  if (list === '') return []
  return list.split(',').flatMap((part) => {
    const [first, last = first] = part.split('-').map(Number) as [number, number?]
    return Array.from({ length: last - first + 1 }, (_, i) => first + i)
  })
}
