/** Builds and runs the C++ tests in test/native that need no addon. */
import { execFileSync } from 'node:child_process'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { versions } from '../../lib/index.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))

export interface NativeTest {
  /** Where the program goes. */
  output: string
  /** What is compiled with the test; paths from the project's root. */
  sources?: readonly string[]
  flags?: readonly string[]
  /** Of the program. */
  args?: readonly string[]
  /** Default 'address,undefined'. */
  sanitizer?: string
}

/** Compiles test/native/<name>_test.cc with a sanitizer, runs it and returns what it says. */
export function runNative(name: string, test: NativeTest): string {
  const { output, sources = [], flags = [], args = [], sanitizer = 'address,undefined' } = test
  const usual = ['-std=c++20', '-O1', '-g1', '-Inative', '-Itest/native']
  const sanitizers = [`-fsanitize=${sanitizer}`, '-fno-sanitize-recover=all']
  const files = [`test/native/${name}_test.cc`, ...sources]
  execFileSync('g++', [...usual, ...flags, ...sanitizers, ...files, '-o', output, '-lpthread'], { cwd: root })
  // The program has its own sanitizers; those that scripts/sanitize.sh gives node would join them.
  const { LD_PRELOAD: _, ...env } = process.env
  return execFileSync(output, args, { encoding: 'utf8', env })
}

/** The same with the addon's LibTorch. */
export function runWithTorch(name: string, test: Pick<NativeTest, 'output' | 'sources'>): string {
  const libtorch = versions().libtorchPath
  const libraries = path.join(libtorch, 'lib')
  const includes = ['include', 'include/torch/csrc/api/include'].map((name) => path.join(libtorch, name))
  return runNative(name, {
    ...test,
    // Hidden, as in the addon: LibTorch's inline functions are this program's own then.
    flags: [
      ...['-fopenmp', '-fvisibility=hidden'],
      ...includes.flatMap((folder) => ['-isystem', folder]),
      ...[`-L${libraries}`, `-Wl,-rpath,${libraries}`, '-Wl,--no-as-needed', '-ltorch_cpu', '-lc10'],
    ],
    sanitizer: 'undefined',
  })
}
