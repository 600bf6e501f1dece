/** Memory of processes, as Linux counts it. */
import { execFileSync, spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

/** Peak resident memory of this process so far, MB. */
export function peakMegabytes(): number {
  const status = readFileSync('/proc/self/status', 'utf8')
  return Number(/VmHWM:\s+(\d+)/.exec(status)![1]) / 1024
}

/** What a script of bench/work or bench/peers prints: one number. */
export function numberFrom(command: string, args: readonly (string | number)[]): number {
  return Number(
    execFileSync(command, args.map(String), { encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] }),
  )
}

/** A script of bench/work as a command line. */
export function workScript(name: string, ...args: (string | number)[]): [string, string[]] {
  const file = fileURLToPath(new URL(`../work/${name}`, import.meta.url))
  return [process.execPath, ['--import', 'tsx', file, ...args.map(String)]]
}

/**
 * Runs a command to its end and returns the peak of its memory and its children's together, MB. Pages that
 * processes share are counted once (PSS); looked at ten times a second.
 */
export async function peakOfTree(command: string, args: readonly string[]): Promise<number> {
  const child = spawn(command, args, { stdio: ['ignore', 'ignore', 'inherit'] })
  let peak = 0
  const timer = setInterval(() => {
    peak = Math.max(peak, treeMegabytes(child.pid!))
  }, 100)
  const code = await new Promise<number | null>((resolve) => child.on('close', resolve))
  clearInterval(timer)
  if (code !== 0) throw new Error(`${command} ${args.join(' ')} ended with ${code}.`)
  return peak
}

function treeMegabytes(pid: number): number {
  let sum = 0
  for (const at of [pid, ...childrenOf(pid)]) {
    const pss = /^Pss:\s+(\d+)/m.exec(read(`/proc/${at}/smaps_rollup`))
    if (pss) sum += Number(pss[1]) / 1024
  }
  return sum
}

function childrenOf(pid: number): number[] {
  const own = read(`/proc/${pid}/task/${pid}/children`).split(' ').filter(Boolean).map(Number)
  return own.flatMap((child) => [child, ...childrenOf(child)])
}

/** Empty where the process has ended. */
function read(file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch {
    return ''
  }
}
