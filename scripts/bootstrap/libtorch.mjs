/** LibTorch for a build: found by the package's own resolver (in dist/, compiled by now), or installed. */
import path from 'node:path'
import { pathToFileURL } from 'node:url'
import { Failure, mustRun, root, say } from './run.mjs'

const load = (name) => import(pathToFileURL(path.join(root, 'dist/addon/libtorch', `${name}.js`)).href)

/**
 * The LibTorch to build the addon's `variant` against; `option` is a folder that was named, or null. `torch`: a version
 * of the release table, null for the variant's default.
 * @param {string | null} option
 * @param {string | null} torch
 */
export async function libtorchForBuild(option, variant = 'cpu', torch = null) {
  const release = await releaseOf(variant, torch)
  const found = await find(release, option ?? undefined)
  if (found !== null) return found
  say('installing LibTorch')
  return install(release, 'all')
}

/**
 * A LibTorch for CUDA to compile against: a whole one if there is one, else headers (with nvcc: `compiler`). `torch` as
 * above.
 */
export async function libtorchForCuda(variant, part, torch = null) {
  const release = await releaseOf(variant, torch)
  const found = part === 'headers' ? await find(release) : null
  return found ?? install(release, part)
}

/** The table's row; a Failure that lists them where there is none. */
async function releaseOf(variant, torch) {
  const { findRelease, RELEASES } = await load('versions')
  const release = findRelease(variant, torch ?? undefined)
  if (release !== undefined) return release
  const known = RELEASES.map((r) => `${r.variant} (${r.version})`).join(', ')
  const received = torch === null ? `'${variant}'` : `'${variant}' with --torch ${torch}`
  throw new Failure(`Expected one of ${known} for --variant but received ${received}.`)
}

/** Null where none is installed; a Failure where the one that was named cannot be used. */
async function find({ version, variant }, option) {
  const { resolveLibtorch } = await load('resolve')
  try {
    return resolveLibtorch({ version, variant, purpose: 'build', option }).path
  } catch (error) {
    if (error.code !== 'ERR_SIMCLR_LIBTORCH') throw error
    if (option !== undefined) throw new Failure(error.message)
    return null
  }
}

async function install({ version, variant }, part) {
  mustRun(process.execPath, [
    'dist/cli/main.js',
    'libtorch',
    'install',
    variant,
    '--torch',
    version,
    '--part',
    part,
  ])
  const { releaseFolder } = await load('paths')
  return path.join(releaseFolder(version, variant, part), 'torch')
}
