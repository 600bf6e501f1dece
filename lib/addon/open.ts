/**
 * Opens one binary: LibTorch by absolute path through loader.node, its ABI version compared with the binary's,
 * and only then simclr.node. An addon on the wrong LibTorch minor would crash at its first call; here it is an
 * error that names both versions.
 */
import { createRequire } from 'node:module'
import path from 'node:path'
import { checkWhole } from './binary.ts'
import type { Choice } from './choose.ts'
import { SimclrError } from './errors.ts'
import type { Addon } from './interface.ts'
import { installCommand } from './libtorch/resolve.ts'
import { minorOf } from './libtorch/versions.ts'

interface Loader {
  /** Opens the library; its ABI version as `major.minor`, null if it does not tell. Throws dlerror's text. */
  open(file: string): string | null
}

/** Throws ERR_SIMCLR_BINARY or ERR_SIMCLR_LIBTORCH. What is open stays open, whatever happens. */
export function openAddon({ binary, libtorch }: Pick<Choice, 'binary' | 'libtorch'>): Addon {
  checkWhole(binary)
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
        `\`${installCommand(binary.variant, binary.torch)} --force\`.`,
      { cause },
    )
  }
  if (abi !== minorOf(binary.torch)) {
    throw new SimclrError(
      'ERR_SIMCLR_LIBTORCH',
      `The addon is built for LibTorch ${binary.torch} but ${library} is LibTorch ${abi ?? 'of an unknown version'}. ` +
        `Install the right one with \`${installCommand(binary.variant, binary.torch)}\`, or rebuild against this one ` +
        `with \`npm run build -- --libtorch ${libtorch.path}\`.`,
    )
  }
  return native<Addon>('simclr.node')
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
