/** build/Release/{simclr,loader}.node: LibTorch found or installed, then cmake-js. */
import fs from 'node:fs'
import path from 'node:path'
import { parseArgs } from 'node:util'
import { cmakeBuild } from './cmake.mjs'
import { libtorchForBuild } from './libtorch.mjs'
import { Failure, root, say } from './run.mjs'
import { stamp } from './stamp.mjs'

const OUTPUTS = ['simclr.node', 'loader.node', 'build.json'].map((f) =>
  path.join(root, 'build', 'Release', f),
)
const INPUTS = ['native/core', 'native/binding', 'native/loader', 'CMakeLists.txt', 'package-lock.json']

/** `--libtorch DIR`, by default SIMCLR_LIBTORCH; null: whatever the resolver finds. */
export function readOptions(args) {
  try {
    const { values } = parseArgs({ args, options: { libtorch: { type: 'string' } } })
    return { libtorch: values.libtorch ?? process.env.SIMCLR_LIBTORCH ?? null }
  } catch (error) {
    throw new Failure(`${error.message}. npm run build takes one option: npm run build -- --libtorch DIR`)
  }
}

/** The addon is there, of these sources, against this LibTorch. */
export function addonFresh({ libtorch }) {
  if (!OUTPUTS.every((file) => fs.existsSync(file)) || !stampOf(builtAgainst()).fresh()) return false
  return libtorch === null || isSame(builtAgainst(), libtorch)
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
  const libtorch = await libtorchForBuild(options.libtorch)
  say(`building the addon against ${libtorch}`)
  cmakeBuild('build', null, { SIMCLR_LIBTORCH: libtorch })
  stampOf(libtorch).done()
}

function stampOf(libtorch) {
  return stamp('addon', INPUTS, [libtorch])
}

/** The LibTorch folder of the addon that is there. */
function builtAgainst() {
  try {
    return JSON.parse(fs.readFileSync(path.join(root, 'build', 'Release', 'build.json'), 'utf8')).libtorch
  } catch {
    return ''
  }
}
