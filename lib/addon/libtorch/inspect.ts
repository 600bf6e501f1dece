/** What LibTorch, if any, a folder holds: read from its files, nothing is loaded. */
import fs from 'node:fs'
import path from 'node:path'

export interface LibtorchFolder {
  /** The folder with `lib/` (and `include/`, where headers are there too). */
  root: string
  /** `major.minor.patch`, without the build's suffix; null if the folder does not say. */
  version: string | null
  /** CUDA version such as `13.0`, `unknown` where no file says; null for a CPU build. */
  cuda: string | null
  /** Headers are there: the addon can be built against it. */
  headers: boolean
}

/**
 * Looks at `folder` itself, then at `folder/torch` (an unpacked wheel, a site-packages folder) and
 * `folder/libtorch` (PyTorch's archive). Null if none has `lib/libtorch.so` and `lib/libtorch_cpu.so`.
 */
export function inspectLibtorch(folder: string): LibtorchFolder | null {
  for (const root of [folder, path.join(folder, 'torch'), path.join(folder, 'libtorch')]) {
    const lib = path.join(root, 'lib')
    if (!isFile(path.join(lib, 'libtorch.so')) || !isFile(path.join(lib, 'libtorch_cpu.so'))) continue
    const hasCuda = isFile(path.join(lib, 'libtorch_cuda.so'))
    return {
      root: path.resolve(root),
      version: versionOf(root),
      cuda: hasCuda ? (versionFile(root).cuda ?? 'unknown') : null,
      headers: hasHeaders(root),
    }
  }
  return null
}

/** Looks at `root` alone, where headers lie without libraries. Null if there are none. */
export function inspectHeaders(root: string): LibtorchFolder | null {
  if (!hasHeaders(root)) return null
  const cuda = versionFile(root).cuda ?? 'unknown'
  return { root: path.resolve(root), version: versionOf(root), cuda, headers: true }
}

function hasHeaders(root: string): boolean {
  return isFile(path.join(root, 'include', 'ATen', 'ATen.h'))
}

/** `major.minor.patch` of the LibTorch in `root`, by its version file or its headers; null if neither tells. */
function versionOf(root: string): string | null {
  return versionFile(root).version ?? headerVersion(root)
}

/** `version.py` of a wheel or `build-version` of an archive. */
function versionFile(root: string): { version: string | null; cuda: string | null } {
  const wheel = read(path.join(root, 'version.py'))
  if (wheel !== null) {
    const version = /__version__ = '(\d+\.\d+\.\d+)/.exec(wheel)?.[1] ?? null
    return { version, cuda: /^cuda\b.*= '([\d.]+)'/m.exec(wheel)?.[1] ?? null }
  }
  const archive = /^(\d+\.\d+\.\d+)(?:\+cu(\d+)(\d))?/.exec(read(path.join(root, 'build-version')) ?? '')
  return { version: archive?.[1] ?? null, cuda: archive?.[2] ? `${archive[2]}.${archive[3]}` : null }
}

function headerVersion(root: string): string | null {
  const include = path.join(root, 'include', 'torch')
  const header =
    read(path.join(include, 'headeronly', 'version.h')) ??
    read(path.join(include, 'csrc', 'api', 'include', 'torch', 'version.h')) ?? // LibTorch 2.9
    ''
  const part = (name: string) => new RegExp(`define TORCH_VERSION_${name} (\\d+)`).exec(header)?.[1]
  const parts = [part('MAJOR'), part('MINOR'), part('PATCH')]
  return parts.every((p) => p !== undefined) ? parts.join('.') : null
}

function isFile(file: string): boolean {
  try {
    return fs.statSync(file).isFile()
  } catch {
    return false // not there, below a file, or not to be looked at
  }
}

function read(file: string): string | null {
  try {
    return fs.readFileSync(file, 'utf8')
  } catch {
    return null
  }
}
