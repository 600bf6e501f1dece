/** What figures were measured on, in words. */
import { cpus } from 'node:os'
import { versions } from '../lib/index.ts'

/** Processor, vector level and LibTorch: `AMD EPYC (AVX512), LibTorch 2.13.0`. */
export function thisMachine(): string {
  const { libtorch, cpuCapability } = versions()
  return `${cpus()[0]!.model.trim()} (${cpuCapability}), LibTorch ${libtorch}`
}
