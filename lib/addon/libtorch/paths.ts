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

/**
 * The folder of one release, or of a `part` of it (`headers`, `compiler`). Inside, LibTorch is in `torch/` and
 * NVIDIA's files in `nvidia/`, as in site-packages: the libraries find one another by these relative paths.
 */
export function releaseFolder(version: string, variant: string, part = 'all'): string {
  return path.join(cacheFolder(), `${version}-${variant}${part === 'all' ? '' : `-${part}`}`)
}
