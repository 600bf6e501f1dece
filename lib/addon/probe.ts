/** The process that tries a binary: its one argument is what to open, its last line of stdout what came of it. */
import { openAddon } from './open.ts'

export interface Probed {
  /** Null if it works. */
  failure: string | null
  /** The failure's error code. */
  code: string | null
  /** CUDA devices that it can use. */
  gpus: number
  /** Why it can use none; null where it can. */
  gpuProblem: string | null
  torch: string | null
  cpuCapability: string | null
  /** libjpeg-turbo's version. */
  jpeg: string | null
}

function tryOut(): Probed {
  try {
    const addon = openAddon(JSON.parse(process.argv[2]!))
    const { torch, cpuCapability, jpeg } = addon.buildInfo()
    const gpus = addon.getDevices().filter(({ type }) => type === 'cuda').length
    return { failure: null, code: null, gpus, gpuProblem: addon.gpuProblem(), torch, cpuCapability, jpeg }
  } catch (error) {
    const { message, code = null } = error as Error & { code?: string }
    return { failure: message, code, gpus: 0, gpuProblem: null, torch: null, cpuCapability: null, jpeg: null }
  }
}

process.stdout.write(`${JSON.stringify(tryOut())}\n`)
