/** What resolving has to know about the machine. */
import { readFileSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import type { Addon } from '../addon/interface.ts'
import type { MachineFacts } from './resolve.ts'

export function machineFacts(addon: Addon): MachineFacts {
  return {
    cores: availableParallelism(),
    devices: addon.getDevices().map(({ name }) => name),
    gpuProblem: addon.gpuProblem(),
    bf16: hasBf16(),
  }
}

/** The processor multiplies bf16 itself; elsewhere it would be emulated, slower than fp32. */
function hasBf16(): boolean {
  try {
    return /\b(avx512_bf16|amx_bf16|bf16)\b/.test(readFileSync('/proc/cpuinfo', 'utf8'))
  } catch {
    return false
  }
}
