/**
 * Loads the addon, once per process and only when asked: LibTorch is opened by absolute path through
 * loader.node, its ABI version is compared with the binary's, and only then simclr.node is required. An addon
 * on the wrong LibTorch minor would crash at its first call; here it is an error that names both versions.
 */
import { createRequire } from 'node:module'
import path from 'node:path'
import { isMainThread } from 'node:worker_threads'
import { type Binary, findBinaries, noBinaryError } from './binary.ts'
import { SimclrError, type SimclrErrorCode } from './errors.ts'
import type { Addon } from './interface.ts'
import { type LibtorchSource, resolveLibtorch } from './libtorch/resolve.ts'
import { minorOf } from './libtorch/versions.ts'

export interface LoadOptions {
  /** A LibTorch folder; by default see libtorch/resolve.ts. */
  libtorch?: string
}

/** What has been loaded, for `versions` and `simclr doctor`. */
export interface Loaded {
  addon: Addon
  binary: Binary
  libtorch: { path: string; source: LibtorchSource }
}

interface Loader {
  /** Opens the library; its ABI version as `major.minor`, null if it does not tell. Throws dlerror's text. */
  open(file: string): string | null
}

let outcome: { loaded: Loaded } | { failed: unknown } | undefined

/** The addon. Throws ERR_SIMCLR_BINARY or ERR_SIMCLR_LIBTORCH with what to do. */
export function loadAddon(options: LoadOptions = {}): Addon {
  return loadAddonDetails(options).addon
}

/** The addon with where it and its LibTorch come from. */
export function loadAddonDetails(options: LoadOptions = {}): Loaded {
  if (outcome === undefined) {
    const choice = choose(options)
    try {
      outcome = { loaded: open(choice) }
    } catch (error) {
      // Final: a library that is open stays open, and a second one would be mixed up with it.
      outcome = { failed: error }
    }
  }
  if ('failed' in outcome) throw outcome.failed
  return outcome.loaded
}

type Choice = Pick<Loaded, 'binary' | 'libtorch'>

/** The first binary for which there is a LibTorch. */
function choose(options: LoadOptions): Choice {
  const binaries = findBinaries()
  let failure: unknown = noBinaryError()
  for (const binary of binaries) {
    try {
      const { version, variant, built } = {
        version: binary.torch,
        variant: binary.variant,
        built: binary.libtorch,
      }
      const { path, source } = resolveLibtorch({
        version,
        variant,
        built,
        purpose: 'run',
        option: options.libtorch,
      })
      return { binary, libtorch: { path, source } }
    } catch (error) {
      failure = error
    }
  }
  throw failure
}

function open({ binary, libtorch }: Choice): Loaded {
  const require = createRequire(import.meta.url)
  const native = <T>(name: string): T => {
    try {
      return require(path.join(binary.folder, name)) as T
    } catch (cause) {
      throw new SimclrError(
        'ERR_SIMCLR_BINARY',
        `${name} of ${binary.folder} cannot be loaded: ${messageOf(cause)}. Rebuild it (npm run build) or reinstall ` +
          `its package; \`npx simclr doctor\` looks for the cause.`,
        { cause },
      )
    }
  }
  const library = path.join(libtorch.path, 'lib', 'libtorch.so')
  let abi: string | null
  try {
    abi = native<Loader>('loader.node').open(library)
  } catch (cause) {
    if (cause instanceof SimclrError) throw cause
    throw new SimclrError(
      'ERR_SIMCLR_LIBTORCH',
      `LibTorch ${library} cannot be opened: ${messageOf(cause)}. Install it anew with ` +
        `\`npx simclr libtorch install ${binary.variant}\`.`,
      { cause },
    )
  }
  if (abi !== minorOf(binary.torch)) {
    throw new SimclrError(
      'ERR_SIMCLR_LIBTORCH',
      `The addon is built for LibTorch ${binary.torch} but ${library} is LibTorch ${abi ?? 'of an unknown version'}. ` +
        `Install the right one with \`npx simclr libtorch install ${binary.variant}\`, or rebuild against this one ` +
        `with \`npm run build -- --libtorch ${libtorch.path}\`.`,
    )
  }
  const addon = native<Addon>('simclr.node')
  addon.setErrorFactory((code, message) => new SimclrError(code as SimclrErrorCode, message))
  // A step that still computes while exit() destroys LibTorch's static objects would crash. Workers are joined
  // by Node itself.
  if (isMainThread) process.once('exit', () => addon.endWork())
  return { addon, binary, libtorch }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
