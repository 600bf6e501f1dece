/**
 * Which LibTorch to use: the option, SIMCLR_LIBTORCH, the one a checkout's addon was built against, the cache,
 * an installed Python torch of the same minor; otherwise an error with the command that installs one.
 *
 * What a person named (option, variable) is used or refused, never passed over in silence.
 */
import { spawnSync } from 'node:child_process'
import fs from 'node:fs'
import path from 'node:path'
import { SimclrError } from '../errors.ts'
import { inspectLibtorch, type LibtorchFolder } from './inspect.ts'
import { cacheFolder } from './paths.ts'
import { pythonCode, pythonEnvironment } from './python.ts'
import { cudaOf, findRelease, minorOf, RELEASES, type Variant } from './versions.ts'

export type LibtorchSource = 'option' | 'SIMCLR_LIBTORCH' | 'build' | 'cache' | 'python'

/** One place that was looked at. `rejected` says why it was not taken; null for one that can be used. */
export interface LibtorchCandidate {
  source: LibtorchSource
  path: string
  found: LibtorchFolder | null
  rejected: string | null
}

export interface LibtorchRequest {
  /** Version the addon was, or will be, built against; its minor must be met exactly. */
  version: string
  variant: Variant
  /** `build` needs headers. */
  purpose: 'run' | 'build'
  /** A folder that the caller named. */
  option?: string | undefined
  /** The folder that a checkout's addon was built against. */
  built?: string | undefined
}

/** Every place in order, each with its verdict. Lazy: Python is asked only if the consumer gets that far. */
export function* libtorchCandidates(request: LibtorchRequest): Generator<LibtorchCandidate> {
  const judged = (source: LibtorchSource, folder: string): LibtorchCandidate => {
    const found = inspectLibtorch(folder)
    return { source, path: found?.root ?? folder, found, rejected: reject(found, request) }
  }
  if (request.option) yield judged('option', request.option)
  const named = process.env.SIMCLR_LIBTORCH
  if (named) yield judged('SIMCLR_LIBTORCH', named)
  if (request.built) yield judged('build', request.built)
  for (const folder of cached(request)) {
    if (path.join(folder, 'torch') !== request.built) yield judged('cache', folder)
  }
  const python = pythonTorch()
  if (python !== null) yield judged('python', python)
}

/** The LibTorch to use. Throws ERR_SIMCLR_LIBTORCH naming what was looked at and the command that mends it. */
export function resolveLibtorch(request: LibtorchRequest): LibtorchCandidate & { found: LibtorchFolder } {
  const tried: string[] = []
  for (const candidate of libtorchCandidates(request)) {
    if (candidate.rejected === null && candidate.found) return { ...candidate, found: candidate.found }
    if (candidate.source === 'option' || candidate.source === 'SIMCLR_LIBTORCH') {
      const name = candidate.source === 'option' ? 'the option `libtorch`' : 'SIMCLR_LIBTORCH'
      throw new SimclrError(
        'ERR_SIMCLR_LIBTORCH',
        `Expected a folder with LibTorch ${minorOf(request.version)} in ${name} but ${candidate.path} ` +
          `${candidate.rejected}. Name another folder, or leave it out to use the cache ` +
          `(\`${installCommand(request.variant, request.version)}\` fills it).`,
      )
    }
    tried.push(`  ${candidate.source}: ${candidate.path} ${candidate.rejected}`)
  }
  const looked = tried.length > 0 ? `\nLooked at:\n${tried.join('\n')}` : ` (nothing in ${cacheFolder()})`
  throw new SimclrError(
    'ERR_SIMCLR_LIBTORCH',
    `LibTorch ${minorOf(request.version)} (${request.variant}) is not installed${looked}\n` +
      `Install it with: ${installCommand(request.variant, request.version)}`,
  )
}

/** The one command that mends a missing LibTorch; it names the version where the variant's default is another minor. */
export function installCommand(variant: string, version: string): string {
  const fitting = RELEASES.find((r) => r.variant === variant && minorOf(r.version) === minorOf(version))
  const named = fitting && fitting !== findRelease(variant) ? ` --torch ${fitting.version}` : ''
  return `npx simclr libtorch install ${variant}${named}`
}

/** Why a LibTorch will not do, in words that follow its path; null for one that will. */
export function reject(
  found: LibtorchFolder | null,
  request: Pick<LibtorchRequest, 'version' | 'variant' | 'purpose'>,
): string | null {
  if (found === null) return 'holds no lib/libtorch.so with a lib/libtorch_cpu.so'
  const wanted = minorOf(request.version)
  if (found.version !== null && minorOf(found.version) !== wanted) {
    return `is LibTorch ${found.version}, and the addon is made for ${wanted}`
  }
  if (request.variant !== 'cpu' && found.cuda === null)
    return 'is a CPU build, and the addon is made for CUDA'
  const cuda = cudaOf(request.variant)
  // Libraries of one CUDA major carry the same names (libcudart.so.13) and stand in for one another.
  if (cuda !== null && found.cuda !== 'unknown' && majorOf(found.cuda) !== majorOf(cuda))
    return `is a build for CUDA ${found.cuda}, and the addon is made for CUDA ${cuda}`
  if (request.purpose === 'build' && !found.headers)
    return 'has no headers (include/ATen/ATen.h), so nothing can be built with it'
  return null
}

function majorOf(version: string | null): string | undefined {
  return version?.split('.')[0]
}

/** Release folders of this variant and minor in the cache, the exact version first, then newest first. */
function cached(request: LibtorchRequest): string[] {
  const exact = `${request.version}-${request.variant}`
  let names: string[] = []
  try {
    names = fs.readdirSync(cacheFolder())
  } catch {
    return []
  }
  const fitting = names.filter(
    (n) => n.startsWith(`${minorOf(request.version)}.`) && n.endsWith(`-${request.variant}`),
  )
  fitting.sort(
    (a, b) => Number(b === exact) - Number(a === exact) || b.localeCompare(a, 'en', { numeric: true }),
  )
  return fitting.map((n) => path.join(cacheFolder(), n))
}

let asked: { torch: string | null } | undefined

/** `askPython`, which takes a while, once for all binaries of one choice; the next turn of the event loop asks anew. */
function pythonTorch(): string | null {
  if (asked === undefined) {
    asked = { torch: askPython() }
    queueMicrotask(() => {
      asked = undefined
    })
  }
  return asked.torch
}

/** The folder of the torch that `python3` would import, found without importing it; null without one. */
function askPython(): string | null {
  const find =
    'import importlib.util as u; s = u.find_spec("torch"); print(s.submodule_search_locations[0] if s and s.submodule_search_locations else "")'
  const [command = '', ...args] = pythonCode(find)
  const run = spawnSync(command, args, {
    encoding: 'utf8',
    env: pythonEnvironment(),
    timeout: 10_000,
    stdio: ['ignore', 'pipe', 'ignore'],
  })
  const folder = run.status === 0 ? run.stdout.trim() : ''
  return folder === '' ? null : folder
}
