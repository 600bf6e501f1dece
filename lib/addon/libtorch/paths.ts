/** Where LibTorch is kept. */
import os from 'node:os'
import path from 'node:path'

/** `$XDG_CACHE_HOME/simclr/libtorch`, by default `~/.cache/simclr/libtorch`; one folder per version and variant. */
export function cacheFolder(): string {
  const base = process.env.XDG_CACHE_HOME
  return path.join(
    base && path.isAbsolute(base) ? base : path.join(os.homedir(), '.cache'),
    'simclr',
    'libtorch',
  )
}

/** The folder of one release; LibTorch itself is in `torch/` below it, as in the wheel. */
export function releaseFolder(version: string, variant: string): string {
  return path.join(cacheFolder(), `${version}-${variant}`)
}
