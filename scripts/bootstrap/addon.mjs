/**
 * The addon: <folder>/Release/{simclr,loader}.node and build.json. LibTorch is found or installed, then cmake-js
 * builds. Variant `cpu` goes to build/, a CUDA variant such as `cu130` to build-cu130/.
 */
import fs from 'node:fs'
import path from 'node:path'
import { parseArgs } from 'node:util'
import { locateJpeg } from '../jpeg-library.mjs'
import { cmakeBuild, forgetTools } from './cmake.mjs'
import { findCompiler } from './cuda.mjs'
import { libtorchForBuild } from './libtorch.mjs'
import { Failure, root, say } from './run.mjs'
import { contentOf, stamp } from './stamp.mjs'

const OUTPUTS = ['simclr.node', 'loader.node', 'build.json']
const INPUTS = [
  'native/core',
  'native/binding',
  'native/loader',
  'CMakeLists.txt',
  'scripts/build-json.mjs',
  'scripts/jpeg-library.mjs',
  'package-lock.json',
]

/**
 * `--libtorch DIR`, by default SIMCLR_LIBTORCH; null: whatever the resolver finds. `--variant V`, by default `cpu`:
 * a name of the release table. `--torch X`: its version, where not the variant's default.
 */
export function readOptions(args) {
  try {
    const { values } = parseArgs({
      args,
      options: {
        libtorch: { type: 'string' },
        variant: { type: 'string', default: 'cpu' },
        torch: { type: 'string' },
      },
    })
    const { libtorch, variant, torch } = values
    return { libtorch: libtorch ?? process.env.SIMCLR_LIBTORCH ?? null, variant, torch: torch ?? null }
  } catch (error) {
    throw new Failure(
      `${error.message}. npm run build takes three options: npm run build -- --variant cu130 --torch 2.11.0 --libtorch DIR`,
    )
  }
}

/** Where a variant is built, seen from the checkout. */
export function buildFolder(variant) {
  return variant === 'cpu' ? 'build' : `build-${variant}`
}

/** The addon is there, of these sources, against this LibTorch. */
export function addonFresh({ libtorch, variant, torch }) {
  const built = (name) => fs.existsSync(path.join(root, buildFolder(variant), 'Release', name))
  if (!OUTPUTS.every(built) || !stampOf(variant, torch, builtAgainst(variant)).fresh()) return false
  return libtorch === null || isSame(builtAgainst(variant), libtorch)
}

/** `named` may be the folder around LibTorch too, as the resolver takes it. */
function isSame(built, named) {
  if (!fs.existsSync(built) || !fs.existsSync(named)) return false
  const [root, folder] = [fs.realpathSync(built), fs.realpathSync(named)]
  return root === folder || path.dirname(root) === folder
}

/** Builds unless nothing has changed; gets LibTorch first if there is none. */
export async function buildAddon(options) {
  if (addonFresh(options)) return
  const { variant, torch } = options
  const libtorch = await libtorchForBuild(options.libtorch, variant, torch)
  const defines = { SIMCLR_LIBTORCH: libtorch, SIMCLR_CXXFLAGS: process.env.CXXFLAGS ?? '' }
  if (variant !== 'cpu') {
    const compiler = findCompiler()
    if (compiler === null)
      throw new Failure('nvcc is missing. Install the CUDA toolkit, or set CUDACXX to its nvcc.')
    Object.assign(defines, { SIMCLR_CUDA: 'ON', CMAKE_CUDA_COMPILER: compiler })
  }
  say(`building the addon (${variant}) against ${libtorch}`)
  const state = stampOf(variant, torch, libtorch) // of the sources as they are now: they may change during the build
  const tools = stamp(`${nameOf(variant)}-tools`, [], [toolsOf()])
  state.clear()
  if (!tools.fresh()) forgetTools(buildFolder(variant))
  cmakeBuild(buildFolder(variant), null, defines)
  tools.done()
  state.done()
}

function nameOf(variant) {
  return variant === 'cpu' ? 'addon' : `addon-${variant}`
}

/** The compiler and its flags, as the environment names them. */
function toolsOf() {
  const { CXX, CXXFLAGS, LDFLAGS } = process.env
  return { CXX, CXXFLAGS, LDFLAGS }
}

/** The libjpeg-turbo that a build would be made with: it may be installed, or replaced, after one. */
function jpegOf() {
  const { library = null, include = null } = locateJpeg(process.env.CXX || 'c++')
  return { library, include, content: library === null ? null : contentOf(library) }
}

/** `torch` as it was asked for: a variant's minors share a folder, and the next build may be for another one. */
function stampOf(variant, torch, libtorch) {
  const inputs = variant === 'cpu' ? INPUTS : [...INPUTS, 'native/cuda']
  return stamp(nameOf(variant), inputs, [libtorch, toolsOf(), jpegOf(), ...(torch === null ? [] : [torch])])
}

/** The LibTorch folder of the addon that is there. */
function builtAgainst(variant) {
  try {
    const record = path.join(root, buildFolder(variant), 'Release', 'build.json')
    return JSON.parse(fs.readFileSync(record, 'utf8')).libtorch
  } catch {
    return ''
  }
}
