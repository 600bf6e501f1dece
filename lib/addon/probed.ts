/** What came of trying a binary in a process of its own (probe.ts). */
export interface Probed {
  /** Null if it works. */
  failure: string | null
  /** The failure is of the trial, not of the binary: another try may end otherwise. */
  passing: boolean
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

/** Of a binary that cannot be loaded. */
export function notLoaded(failure: string, code: string | null): Probed {
  return {
    ...{ failure, code, passing: false, gpus: 0, gpuProblem: null },
    ...{ torch: null, cpuCapability: null, jpeg: null },
  }
}
