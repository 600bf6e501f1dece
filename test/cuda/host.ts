/** Runs tests of native/cuda on the CPU: kernels are walked block by block (native/cuda/host_executor.h). */
import { runNative } from '../support/native.ts'

/** Compiles test/native/cuda/<name>_test.cc with `sources`, kernels as C++, runs it and returns what it says. */
export function runOnHost(name: string, sources: string[], output: string): string {
  const kernels = sources.filter((source) => source.endsWith('.cu'))
  const plain = sources.filter((source) => !source.endsWith('.cu'))
  return runNative(`cuda/${name}`, {
    output,
    // What follows -x is C++ whatever its name ends in.
    sources: [...plain, '-x', 'c++', ...kernels, '-x', 'none'],
    flags: ['-DSIMCLR_HOST_EXECUTOR'],
  })
}
