/** What the system's C and C++ libraries are. */
import { readFileSync } from 'node:fs'

interface Report {
  header: { glibcVersionRuntime?: string }
  sharedObjects: string[]
}

/** glibc of the running process as `2.36`; null where there is another C library. */
export function glibcVersion(): string | null {
  return libraries().glibc
}

/** Newest GLIBCXX symbols that the running process's libstdc++ has, as `3.4.30`; null if it cannot be told. */
export function libstdcxxVersion(): string | null {
  return libraries().libstdcxx
}

interface Libraries {
  glibc: string | null
  libstdcxx: string | null
}

let found: Libraries | undefined

/** Of one report: making it takes a while, and a process keeps its libraries. */
function libraries(): Libraries {
  found ??= librariesOf(report())
  return found
}

function librariesOf({ header, sharedObjects }: Report): Libraries {
  const library = sharedObjects.find((file) => /\/libstdc\+\+\.so\.6/.test(file))
  return {
    glibc: header.glibcVersionRuntime ?? null,
    libstdcxx: library === undefined ? null : newestSymbols(library),
  }
}

function newestSymbols(library: string): string | null {
  try {
    const symbols = readFileSync(library, 'latin1').match(/GLIBCXX_3\.4\.\d+/g) ?? []
    return newest(symbols.map((symbol) => symbol.slice('GLIBCXX_'.length)))
  } catch {
    return null
  }
}

/** The highest of some versions; null of none. */
export function newest(versions: readonly string[]): string | null {
  return [...versions].sort(compareVersions).at(-1) ?? null
}

/** Negative, zero or positive as `a` is older than, the same as or newer than `b`. */
export function compareVersions(a: string, b: string): number {
  return a.localeCompare(b, 'en', { numeric: true })
}

/** Without the network: Node would ask the name server for the other end of every socket, and block until it answers. */
function report(): Report {
  const settings: { excludeNetwork?: boolean } & typeof process.report = process.report // not in Node's types yet
  const before = settings.excludeNetwork ?? false
  settings.excludeNetwork = true
  try {
    return process.report.getReport() as unknown as Report
  } finally {
    settings.excludeNetwork = before
  }
}
