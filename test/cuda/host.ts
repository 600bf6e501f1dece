/** Builds and runs tests of native/cuda on the CPU: kernels are walked block by block (native/cuda/host_executor.h). */
import { execFileSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('../..', import.meta.url))

/** Compiles test/native/cuda/<name>_test.cc with `sources` (kernels as C++), runs it and returns what it says. */
export function runOnHost(name: string, sources: string[], output: string, args: string[] = []): string {
  const kernels = sources.filter((source) => source.endsWith('.cu'))
  const plain = sources.filter((source) => !source.endsWith('.cu'))
  const flags = ['-std=c++20', '-O1', '-g', '-Inative', '-Itest/native/cuda', '-DSIMCLR_HOST_EXECUTOR']
  const sanitizers = ['-fsanitize=address,undefined', '-fno-sanitize-recover=all']
  const test = `test/native/cuda/${name}_test.cc`
  execFileSync('g++', [...flags, ...sanitizers, test, ...plain, '-x', 'c++', ...kernels, '-o', output], {
    cwd: root,
  })
  return execFileSync(output, args, { encoding: 'utf8' })
}
