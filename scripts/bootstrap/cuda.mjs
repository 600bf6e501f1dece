/**
 * build-cuda/: native/cuda compiled with nvcc against LibTorch for CUDA, kernels through scripts/kernel-frames.mjs.
 * Compiled, not linked: headers are enough. `npm run build -- --variant cu130` makes the addon.
 */
import { spawnSync } from 'node:child_process'
import fs from 'node:fs'
import path from 'node:path'
import { parseArgs } from 'node:util'
import { cmakeBuild } from './cmake.mjs'
import { libtorchForCuda } from './libtorch.mjs'
import { Failure, root, say } from './run.mjs'

/**
 * Compiles; gets the headers first, and nvcc where there is none. `--torch X` of `args`: against that version of the
 * release table instead of its first.
 */
export async function compileCuda(args) {
  const compiler = findCompiler()
  const libtorch = await libtorchForCuda('cu130', compiler === null ? 'compiler' : 'headers', torchOf(args))
  const nvcc = compiler ?? unpackedCompiler(libtorch)
  say(`compiling the CUDA sources with ${nvcc} against ${libtorch}`)
  cmakeBuild('build-cuda', 'simclr_cuda', {
    SIMCLR_LIBTORCH: libtorch,
    SIMCLR_CUDA: 'ON',
    CMAKE_CUDA_COMPILER: nvcc,
    CMAKE_CUDA_COMPILER_LAUNCHER: `${process.execPath};${path.join(root, 'scripts/kernel-frames.mjs')}`,
  })
}

function torchOf(args) {
  try {
    return parseArgs({ args, options: { torch: { type: 'string' } } }).values.torch ?? null
  } catch (error) {
    throw new Failure(`${error.message}. It takes one option: npm run build:cuda -- --torch 2.11.0`)
  }
}

/** $CUDACXX, which must be one; nvcc on the PATH or in its usual folder; null where there is none. */
export function findCompiler() {
  const works = (command) => spawnSync(command, ['--version']).status === 0
  const named = process.env.CUDACXX
  if (!named) return ['nvcc', '/usr/local/cuda/bin/nvcc'].find(works) ?? null
  if (works(named)) return named
  throw new Failure(
    `Expected CUDACXX to name a CUDA compiler but ${named} --version fails. Set it to an nvcc, or unset it to look for one.`,
  )
}

/** nvcc of NVIDIA's wheels. It looks for its libraries in lib64. */
function unpackedCompiler(libtorch) {
  const toolkit = path.join(path.dirname(libtorch), 'nvidia', 'cu13')
  const lib64 = path.join(toolkit, 'lib64')
  if (!fs.existsSync(lib64)) fs.symlinkSync('lib', lib64)
  return path.join(toolkit, 'bin', 'nvcc')
}
