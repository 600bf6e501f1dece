/** build/Release/{simclr,loader}.node: LibTorch found or installed, then cmake-js. */
import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { pathToFileURL } from 'node:url'
import { parseArgs } from 'node:util'
import { Failure, mustRun, root, say } from './run.mjs'
import { stamp } from './stamp.mjs'

const OUTPUTS = ['simclr.node', 'loader.node', 'build.json'].map((f) =>
  path.join(root, 'build', 'Release', f),
)
const INPUTS = ['native/core', 'native/binding', 'native/loader', 'CMakeLists.txt', 'package-lock.json']
/** A compiler process on LibTorch's headers takes about this much memory. */
const MEMORY_PER_JOB = 1.5e9

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
  return (
    libtorch === null ||
    (fs.existsSync(builtAgainst()) && fs.realpathSync(builtAgainst()).startsWith(fs.realpathSync(libtorch)))
  )
}

/** Builds unless nothing has changed; gets LibTorch first if there is none. */
export async function buildAddon(options) {
  if (addonFresh(options)) return
  const libtorch = await findLibtorch(options)
  say(`building the addon against ${libtorch}`)
  const jobs = Math.max(1, Math.min(os.availableParallelism(), Math.floor(os.freemem() / MEMORY_PER_JOB)))
  const cmakeJs = (command, ...rest) =>
    mustRun(process.execPath, [
      'node_modules/cmake-js/bin/cmake-js',
      ...[command, '--out', 'build', '--config', 'Release', '--log-level', 'warn', ...rest],
    ])
  // Not `compile`: after a compiler error it wipes the folder and compiles everything again.
  cmakeJs('configure', `--CDSIMCLR_LIBTORCH=${libtorch}`)
  cmakeJs('build', '--parallel', String(jobs))
  stampOf(libtorch).done()
}

async function findLibtorch({ libtorch }) {
  const load = (name) => import(pathToFileURL(path.join(root, 'dist/addon/libtorch', name)).href)
  const [{ resolveLibtorch }, { DEFAULT_RELEASE }] = await Promise.all([
    load('resolve.js'),
    load('versions.js'),
  ])
  const request = { version: DEFAULT_RELEASE.version, variant: DEFAULT_RELEASE.variant, purpose: 'build' }
  try {
    return resolveLibtorch({ ...request, option: libtorch ?? undefined }).path
  } catch (error) {
    if (error.code !== 'ERR_SIMCLR_LIBTORCH') throw error
    if (libtorch !== null) throw new Failure(error.message)
  }
  say('installing LibTorch')
  mustRun(process.execPath, ['dist/cli/main.js', 'libtorch', 'install', DEFAULT_RELEASE.variant])
  return resolveLibtorch(request).path
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
