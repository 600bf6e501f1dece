/** The addon for a GPU machine: carried in, or built there with nvcc and CMake alone (no registry, no cmake-js). */
import { spawnSync } from 'node:child_process'
import fs from 'node:fs'
import { createRequire } from 'node:module'
import os from 'node:os'
import path from 'node:path'
import { findCompiler } from '../bootstrap/cuda.mjs'
import { Failure, mustRun, root, say } from '../bootstrap/run.mjs'

/** Where SIMCLR_VARIANT=cu130 is looked for (lib/addon/binary.ts). */
const FOLDER = 'build-cu130'

/** What an addon consists of. */
export const ADDON = ['simclr.node', 'loader.node', 'build.json']

/** The folder with simclr.node, loader.node and build.json. `capability`: the GPU's, as '9.0'. */
export function gpuBuild({ build, libtorch }, { capability }) {
  if (build !== undefined) {
    const folder = path.resolve(build)
    const target = path.join(root, FOLDER, 'Release')
    const missing = ADDON.filter((name) => !fs.existsSync(path.join(folder, name)))
    if (missing.length > 0)
      throw new Failure(
        `Expected ${ADDON.join(', ')} in ${folder} (--build) but ${missing.join(', ')} is not there.`,
      )
    for (const name of folder === target ? [] : ADDON)
      fs.cpSync(path.join(folder, name), path.join(target, name))
    return target
  }
  if (!libtorch) throw new Failure('Name a LibTorch for CUDA: --libtorch DIR, or carry a build: --build DIR.')
  const include = path.join(libtorch, 'include/ATen/ATen.h')
  if (!fs.existsSync(include))
    throw new Failure(`${libtorch} has no headers (${include}): nothing can be built.`)
  const compiler = findCompiler()
  if (compiler === null)
    throw new Failure('nvcc is missing. Set CUDACXX to it, or carry a build: --build DIR.')
  const require = createRequire(import.meta.url)
  const headers = [require('node-api-headers').include_dir, require('node-addon-api').include_dir]
  say(`building the addon in ${FOLDER} against ${libtorch}`)
  const ninja = spawnSync('ninja', ['--version']).status === 0 ? ['-G', 'Ninja'] : []
  // CMake runs scripts with node.
  const env = { ...process.env, PATH: `${path.dirname(process.execPath)}:${process.env.PATH}` }
  const configure = [
    ...['-S', '.', '-B', FOLDER, '-DCMAKE_BUILD_TYPE=Release', '-DSIMCLR_CUDA=ON', ...ninja],
    `-DSIMCLR_LIBTORCH=${path.resolve(libtorch)}`,
    `-DCMAKE_CUDA_COMPILER=${compiler}`,
    `-DCMAKE_CUDA_ARCHITECTURES=${capability.replace('.', '')}`, // of this machine alone: half the time
    `-DCMAKE_JS_INC=${headers.map((folder) => path.resolve(folder.replaceAll('"', ''))).join(';')}`,
  ]
  mustRun('cmake', configure, { env })
  mustRun('cmake', ['--build', FOLDER, '--parallel', String(os.availableParallelism())], { env })
  return path.join(root, FOLDER, 'Release')
}
