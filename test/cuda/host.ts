/** Tests of native/cuda on the CPU: kernels are walked block by block (native/cuda/host_executor.h). */
import { buildNative, runBuilt } from '../support/native.ts'

/** Compiles test/native/cuda/<name>_test.cc with `sources`, kernels as C++. */
export function buildForHost(name: string, sources: string[], output: string): void {
  const kernels = sources.filter((source) => source.endsWith('.cu'))
  const plain = sources.filter((source) => !source.endsWith('.cu'))
  buildNative(`cuda/${name}`, {
    output,
    // What follows -x is C++ whatever its name ends in.
    sources: [...plain, '-x', 'c++', ...kernels, '-x', 'none'],
    flags: ['-DSIMCLR_HOST_EXECUTOR'],
  })
}

/** Runs it and returns what it says; threads of a block take their turns in the order of that number. */
export function runOnHost(program: string, order: number): string {
  return runBuilt(program, [], { SIMCLR_HOST_ORDER: `${order}` })
}
