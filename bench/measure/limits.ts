/** The machine: what it is, and what it reaches at best. */
import { readFileSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { loadAddon } from '../../lib/addon/load.ts'
import { getDevices, versions } from '../../lib/machine.ts'
import type { Limits } from '../figure.ts'

export async function measureLimits(): Promise<Limits> {
  const cores = availableParallelism()
  const { gemmFp32, gemmBf16, copy } = await loadAddon().machineLimits(cores)
  return { cores, fp32: gemmFp32 / 1e9, bf16: gemmBf16 / 1e9, memory: copy / 1e9 }
}

/** Clouds give processors of several generations one name: AMD's family 25 is Zen 3 and 4, 26 is Zen 5; some have AMX. */
function generation(cpuCapability: string): string {
  const text = readFileSync('/proc/cpuinfo', 'utf8')
  const family = /^cpu family\s*:\s*(\d+)/m.exec(text)?.[1]
  return `family ${family} with ${/\bamx_bf16\b/.test(text) ? 'AMX' : cpuCapability}`
}

/** Its processor. */
export function nameMachine(): string {
  const [{ description } = { description: 'CPU' }] = getDevices()
  return `${description} ${generation(versions().cpuCapability)}`
}

/** One line. */
export function describeMachine({ cores, fp32, bf16, memory }: Limits): string {
  const { libtorch, node } = versions()
  return (
    `${nameMachine()}, ${cores} cores, LibTorch ${libtorch}, Node ${node}; ` +
    `matrix products ${fp32.toFixed(0)} GFLOP/s fp32 and ${bf16.toFixed(0)} bf16, copies ${memory.toFixed(1)} GB/s`
  )
}
