/** What the system's C and C++ libraries are. */
import { readFileSync } from 'node:fs'

interface Report {
  header: { glibcVersionRuntime?: string }
  sharedObjects: string[]
}

/** glibc of the running process as `2.36`; null where there is another C library. */
export function glibcVersion(): string | null {
  return report().header.glibcVersionRuntime ?? null
}

/** Newest GLIBCXX symbols that the running process's libstdc++ has, as `3.4.30`; null if it cannot be told. */
export function libstdcxxVersion(): string | null {
  const library = report().sharedObjects.find((file) => /\/libstdc\+\+\.so\.6/.test(file))
  if (library === undefined) return null
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

function report(): Report {
  return process.report.getReport() as unknown as Report
}
