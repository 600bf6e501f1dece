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

/** Processors of one name have it, and wide vectors, or not. */
const amx = () => /\bamx_bf16\b/.test(readFileSync('/proc/cpuinfo', 'utf8'))

/** One line. */
export function describeMachine({ cores, fp32, bf16, memory }: Limits): string {
  const [{ description } = { description: 'CPU' }] = getDevices()
  const { libtorch, cpuCapability, node } = versions()
  return (
    `${description} with ${amx() ? 'AMX' : cpuCapability}, ${cores} cores, LibTorch ${libtorch}, Node ${node}; ` +
    `matrix products ${fp32.toFixed(0)} GFLOP/s fp32 and ${bf16.toFixed(0)} bf16, copies ${memory.toFixed(1)} GB/s`
  )
}
