/**
 * Installs one LibTorch release into the cache: get the file, check it, unpack beside the target, rename.
 * Whatever happens, the target folder is whole or not there.
 */
import { spawnSync } from 'node:child_process'
import fs from 'node:fs'
import path from 'node:path'
import { acquireLock } from '../../io/lock.ts'
import { requireSpace } from '../../io/space.ts'
import { SimclrError } from '../errors.ts'
import { inspectHeaders, inspectLibtorch } from './inspect.ts'
import type { Part } from './parts.ts'
import { cacheFolder, releaseFolder } from './paths.ts'
import { reject } from './resolve.ts'
import { bytesToFetch, downloadFolder, type FetchOptions, fetchRelease, type ReleaseFile } from './sources.ts'
import { isSystemError, unpack } from './unpack.ts'
import { findRelease, type LibtorchRelease } from './versions.ts'

export interface InstallOptions extends FetchOptions {
  /** Installs anew over what is there. */
  force?: boolean | undefined
}

export interface Installed {
  release: LibtorchRelease
  /** The folder with `lib/` and `include/`. */
  root: string
  /** It was there; nothing had to be done. */
  already: boolean
}

/** The release of a variant's name. Throws ERR_SIMCLR_USAGE. */
export function releaseOf(variant: string, version?: string): LibtorchRelease {
  const release = findRelease(variant, version)
  if (release) return release
  throw new SimclrError(
    'ERR_SIMCLR_USAGE',
    `Expected a LibTorch of the table but received '${version ? `${version} ` : ''}${variant}'. ` +
      '`simclr libtorch list` shows what there is.',
  )
}

/** Installs a release unless it is there. Throws ERR_SIMCLR_DOWNLOAD, _CORRUPT_FILE, _IO or _TOOL. */
export async function installLibtorch(
  release: LibtorchRelease,
  options: InstallOptions = {},
): Promise<Installed> {
  const part = options.part ?? 'all'
  const target = releaseFolder(release.version, release.variant, part)
  const root = path.join(target, 'torch')
  const there = () => !options.force && lacks(root, release, part) === null
  if (there()) return { release, root, already: true }

  const onWait = () => options.onMessage?.('Another process is installing this LibTorch: waiting for it')
  const lock = await acquireLock(target, onWait, options.signal)
  try {
    if (there()) return { release, root, already: true }
    fs.mkdirSync(downloadFolder(release, part), { recursive: true })
    const needed = release.unpackedBytes + bytesToFetch(release, options)
    await requireSpace(cacheFolder(), part === 'all' ? needed : needed / 2, {
      what: 'LibTorch',
      advice: 'set XDG_CACHE_HOME to a folder on a larger disk',
    })
    const files = await fetchRelease(release, options)
    await unpackRelease(release, files, target, options)
    fs.rmSync(downloadFolder(release, part), { recursive: true, force: true })
    return { release, root, already: false }
  } catch (error) {
    throw isSystemError(error) ? diskError(error) : error
  } finally {
    await lock.release()
  }
}

/** Why what is in `root` is not that part of the release, as who looks for a LibTorch would say; null where it is. */
function lacks(root: string, release: LibtorchRelease, part: Part): string | null {
  const found = part === 'all' ? inspectLibtorch(root) : inspectHeaders(root)
  if (found?.version === null) return 'does not tell its version'
  return reject(found, { version: release.version, variant: release.variant, purpose: 'build' })
}

function diskError(cause: Error): SimclrError {
  const message = `Expected to install LibTorch in ${cacheFolder()} but ${cause.message}. Mend that, or set XDG_CACHE_HOME to another folder.`
  return new SimclrError('ERR_SIMCLR_IO', message, { cause })
}

async function unpackRelease(
  release: LibtorchRelease,
  files: ReleaseFile[],
  target: string,
  options: InstallOptions,
): Promise<void> {
  const partial = `${target}.partial`
  fs.rmSync(partial, { recursive: true, force: true })
  try {
    const onProgress = (bytes: number, total: number) => options.onProgress?.('unpack', bytes, total)
    const part = options.part ?? 'all'
    const headersOnly = part !== 'all'
    for (const { file } of files) {
      await unpack(file, partial, { headersOnly, onProgress, signal: options.signal })
    }
    const wrong = lacks(path.join(partial, 'torch'), release, part)
    if (wrong !== null) {
      throw new SimclrError(
        'ERR_SIMCLR_DOWNLOAD',
        `Expected LibTorch ${release.version} (${release.variant}) but what came ${wrong}. Name another file or source.`,
      )
    }
    const record = {
      version: release.version,
      variant: release.variant,
      files: files.map((f) => ({ ...f, file: path.basename(f.file) })),
    }
    fs.writeFileSync(path.join(partial, 'libtorch.json'), `${JSON.stringify(record, null, 2)}\n`)
    // All of it on the disk before its name is: after a power cut the folder is whole or not there.
    spawnSync('sync', ['-f', partial], { stdio: 'ignore' })
    replace(target, partial, options.onMessage)
  } catch (error) {
    fs.rmSync(partial, { recursive: true, force: true })
    throw error
  }
}

/**
 * Gives `partial` the name of `target`. What had it is renamed first and removed last, so that no half of it ever has
 * that name: removing gigabytes takes a while, and may end anywhere.
 */
function replace(target: string, partial: string, onMessage: InstallOptions['onMessage']): void {
  const old = `${target}.old`
  fs.rmSync(old, { recursive: true, force: true })
  const existed = fs.existsSync(target)
  if (existed) fs.renameSync(target, old)
  try {
    fs.renameSync(partial, target)
  } catch (error) {
    if (existed) fs.renameSync(old, target)
    throw error
  }
  try {
    fs.rmSync(old, { recursive: true, force: true })
  } catch (error) {
    onMessage?.(`What was there before is still in ${old}: ${(error as Error).message}`)
  }
}
