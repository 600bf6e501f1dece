/** The addon for a GPU machine: carried in, or built there with nvcc and CMake alone (no registry, no cmake-js). */
import { spawnSync } from 'node:child_process'
import fs from 'node:fs'
import { createRequire } from 'node:module'
import os from 'node:os'
import path from 'node:path'
import { findCompiler } from '../bootstrap/cuda.mjs'
import { Failure, mustRun, root, say } from '../bootstrap/run.mjs'

/** What an addon consists of. */
export const ADDON = ['simclr.node', 'loader.node', 'build.json']

/** Where SIMCLR_VARIANT=cu130 … is looked for, below the checkout (lib/addon/binary.ts). */
const folderOf = (variant) => `build-${variant}`

/** The folder with simclr.node, loader.node and build.json. `capability`: the GPU's, as '9.0'. */
export function gpuBuild({ build, libtorch }, { capability }) {
  if (build !== undefined) return carriedAddon(path.resolve(build), root)
  if (!libtorch) throw new Failure('Name a LibTorch for CUDA: --libtorch DIR, or carry a build: --build DIR.')
  const include = path.join(libtorch, 'include/ATen/ATen.h')
  if (!fs.existsSync(include))
    throw new Failure(`${libtorch} has no headers (${include}): nothing can be built.`)
  const compiler = findCompiler()
  if (compiler === null)
    throw new Failure('nvcc is missing. Set CUDACXX to it, or carry a build: --build DIR.')
  const require = createRequire(import.meta.url)
  const headers = [require('node-api-headers').include_dir, require('node-addon-api').include_dir]
  const folder = folderOf(variantOf(libtorch))
  say(`building the addon in ${folder} against ${libtorch}`)
  const ninja = spawnSync('ninja', ['--version']).status === 0 ? ['-G', 'Ninja'] : []
  // CMake runs scripts with node.
  const env = { ...process.env, PATH: `${path.dirname(process.execPath)}:${process.env.PATH}` }
  const configure = [
    ...['-S', '.', '-B', folder, '-DCMAKE_BUILD_TYPE=Release', '-DSIMCLR_CUDA=ON', ...ninja],
    `-DSIMCLR_LIBTORCH=${path.resolve(libtorch)}`,
    `-DCMAKE_CUDA_COMPILER=${compiler}`,
    `-DCMAKE_CUDA_ARCHITECTURES=${capability.replace('.', '')}`, // of this machine alone: half the time
    `-DCMAKE_JS_INC=${headers.map((name) => path.resolve(name.replaceAll('"', ''))).join(';')}`,
  ]
  mustRun('cmake', configure, { env })
  mustRun('cmake', ['--build', folder, '--parallel', String(os.availableParallelism())], { env })
  return path.join(root, folder, 'Release')
}

/** Puts the addon in `from` where `checkout` looks for one of its variant; that folder. */
export function carriedAddon(from, checkout) {
  const missing = ADDON.filter((name) => !fs.existsSync(path.join(from, name)))
  if (missing.length > 0)
    throw new Failure(
      `Expected ${ADDON.join(', ')} in ${from} (--build) but ${missing.join(', ')} is not there.`,
    )
  const { variant } = recordOf(from)
  if (!/^cu\d+$/.test(variant))
    throw new Failure(
      `Expected an addon for CUDA in ${from} (--build) but its build.json has variant '${variant}'. Build one: npm run build -- --variant cu130`,
    )
  const target = path.join(checkout, folderOf(variant), 'Release')
  for (const name of from === target ? [] : ADDON) fs.cpSync(path.join(from, name), path.join(target, name))
  return target
}

/** Of the process that uses the addon in `folder`: its own variant, and the LibTorch that is named, if any. */
export function addonEnvironment(folder, libtorch) {
  const named = libtorch ? { SIMCLR_LIBTORCH: path.resolve(libtorch) } : {}
  return { SIMCLR_VARIANT: recordOf(folder).variant, ...named }
}

/** What the addon in `folder` says of itself (scripts/build-json.mjs). */
export function recordOf(folder) {
  return JSON.parse(fs.readFileSync(path.join(folder, 'build.json'), 'utf8'))
}

/** What build.json will say of an addon built against `libtorch`. */
function variantOf(libtorch) {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'simclr-variant-'))
  try {
    const file = path.join(folder, 'build.json')
    mustRun(process.execPath, ['scripts/build-json.mjs', file, path.resolve(libtorch), 'ON', 'nvcc'])
    return recordOf(folder).variant
  } finally {
    fs.rmSync(folder, { recursive: true, force: true })
  }
}
