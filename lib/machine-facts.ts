/** What resolving has to know about the machine. */
import { readFileSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import type { Addon } from './addon/interface.ts'
import { loadAddonDetails } from './addon/load.ts'
import type { MachineFacts } from './config/facts.ts'
import { type Placement, placement } from './launch/placement.ts'

/** `sharers`: processes that share the cores this one may run on; all ranks of the machine by default. */
export function machineFacts(addon: Addon, sharers?: number): MachineFacts {
  const ranks = placementHere()
  const devices = addon.getDevices().map(({ name }) => name)
  return {
    // Ranks of one machine share its cores, and each has a GPU of its own.
    cores: Math.max(1, Math.floor(availableParallelism() / (sharers ?? ranks?.localSize ?? 1))),
    devices:
      ranks === null
        ? devices
        : devices.filter((name) => ['cpu', ownGpu(devices, ranks.localRank)].includes(name)),
    // A binary for the CPU would advise one for CUDA, which may be there.
    gpuProblem: loadAddonDetails().gpuProblem ?? addon.gpuProblem(),
    bf16Speed: () => (hasBf16() ? addon.bf16Speed() : 0),
    ranks: ranks?.size ?? 1,
  }
}

/** Variables that make no sense stop a run (launch/ranks.ts), and are no matter of an encoder's. */
function placementHere(): Placement | null {
  try {
    return placement()
  } catch {
    return null
  }
}

/** A launcher gives each rank the sight of one GPU, or of all. */
function ownGpu(devices: readonly string[], localRank: number): string {
  const gpus = devices.filter((name) => name.startsWith('cuda'))
  const isAssigned = gpus.length === 1 && process.env.CUDA_VISIBLE_DEVICES !== undefined
  return isAssigned ? gpus[0]! : `cuda:${localRank}`
}

/** The processor multiplies bf16 itself; elsewhere it is emulated. */
function hasBf16(): boolean {
  try {
    return /\b(avx512_bf16|amx_bf16|bf16)\b/.test(readFileSync('/proc/cpuinfo', 'utf8'))
  } catch {
    return false
  }
}
