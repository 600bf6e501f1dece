/** The native binaries there are: a checkout's own build, or platform packages `@simclr/<platform>-<name>`. */
import { createHash } from 'node:crypto'
import fs from 'node:fs'
import { createRequire } from 'node:module'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { SimclrError } from './errors.ts'
import type { Variant } from './libtorch/versions.ts'
import { MATRIX, packageName } from './matrix.ts'
import { compareVersions, glibcVersion, libstdcxxVersion } from './system.ts'

/** `build.json`, written by the build beside simclr.node and loader.node. */
export interface BuildRecord {
  variant: Variant
  /** LibTorch version of the headers, e.g. `2.13.0`. */
  torch: string
  /** CUDA version, null for a CPU build. */
  cuda: string | null
  compiler: string
  /** The LibTorch folder the build used: of interest in a checkout only, absent from packages. */
  libtorch?: string
  /** Highest version of glibc's and libstdc++'s symbols that it needs; in packages. */
  glibc?: string
  glibcxx?: string
  /** simclr's version that it is part of; in packages. */
  simclr?: string
  /** SHA-256 of each file, and the commit it was built from; in packages. */
  sha256?: Record<string, string>
  commit?: string | null
}

export interface Binary extends BuildRecord {
  /** Holds simclr.node, loader.node and build.json. */
  folder: string
  /** `checkout`, or the platform package's name. */
  from: string
}

/** One that is installed and whose build.json does not say what it is, or says that it is another simclr's. */
export interface Damaged {
  from: string
  variant: Variant
  /** What is wrong, with the file's name. */
  damage: string
}

/** The folder of this package: the checkout, or node_modules/simclr. */
export const packageRoot: string = fileURLToPath(new URL('../../', import.meta.url))

/** Of this package. */
export function packageVersion(): string {
  const manifest = fs.readFileSync(path.join(packageRoot, 'package.json'), 'utf8')
  return (JSON.parse(manifest) as { version: string }).version
}

/** `linux-x64`, as in the platform packages' names. */
export const platform = `${process.platform}-${process.arch}`

/**
 * Every complete binary, in the order of preference, and the damaged ones, which are in no other's way; SIMCLR_VARIANT
 * leaves only those of one variant.
 */
export function findBinaries(): { binaries: Binary[]; damaged: Damaged[] } {
  const wanted = process.env.SIMCLR_VARIANT
  const found = [checkout(), ...packages()]
    .filter((binary) => binary !== null)
    .filter(({ variant }) => !wanted || variant === wanted)
  return { binaries: found.filter((b) => 'folder' in b), damaged: found.filter((b) => 'damage' in b) }
}

/** In `build` for the CPU, in `build-cu130` … for CUDA, which SIMCLR_VARIANT asks for. */
function checkout(): Binary | Damaged | null {
  const variant = (process.env.SIMCLR_VARIANT || 'cpu') as Variant
  const folder = path.join(packageRoot, variant === 'cpu' ? 'build' : `build-${variant}`, 'Release')
  return readBinary(folder, 'checkout', variant)
}

function packages(): (Binary | Damaged | null)[] {
  const require = createRequire(import.meta.url)
  return MATRIX.filter((row) => row.platform === platform).map((row) => {
    const name = packageName(row)
    let manifest: string
    try {
      manifest = require.resolve(`${name}/package.json`)
    } catch {
      return null // not installed
    }
    return readBinary(path.dirname(manifest), name, row.variant)
  })
}

/** `variant` is what it should be, by its name. */
function readBinary(folder: string, from: string, variant: Variant): Binary | Damaged | null {
  const whole = ['simclr.node', 'loader.node', 'build.json'].every((f) => fs.existsSync(path.join(folder, f)))
  if (!whole) return null
  const file = path.join(folder, 'build.json')
  const damaged = (what: string): Damaged => ({ from, variant, damage: `${file} ${what}` })
  try {
    const record = JSON.parse(fs.readFileSync(file, 'utf8')) as BuildRecord | null
    if (typeof record?.torch !== 'string' || typeof record.variant !== 'string')
      return damaged('does not tell variant and LibTorch')
    // JavaScript and binary are one program: a lock file or a bundle may hold on to an older half.
    const { simclr = packageVersion() } = record
    if (simclr === packageVersion()) return { ...record, folder, from }
    return damaged(`is of simclr ${simclr}, and this is ${packageVersion()}`)
  } catch (cause) {
    return damaged(`cannot be read: ${(cause as Error).message}`)
  }
}

/** What replaces a binary that is damaged. */
export function reinstallCommand(from: string): string {
  return from === 'checkout'
    ? 'npm run build'
    : `npm install ${from}@${packageVersion()} (remove its folder first)`
}

/** Throws ERR_SIMCLR_BINARY for a file that is not what was published: loading half a file can crash the process. */
export function checkWhole({ folder, sha256 = {} }: Pick<Binary, 'folder' | 'sha256'>): void {
  for (const [name, wanted] of Object.entries(sha256)) {
    const file = path.join(folder, name)
    if (createHash('sha256').update(fs.readFileSync(file)).digest('hex') === wanted) continue
    const message = `Expected the file that was published as ${file} but its SHA-256 is another: it is damaged. Reinstall its package.`
    throw new SimclrError('ERR_SIMCLR_BINARY', message)
  }
}

/** What this system's libraries lack for a binary, naming both versions; null if nothing. */
export function unmetBy(
  { glibc, glibcxx }: Pick<BuildRecord, 'glibc' | 'glibcxx'>,
  system = { glibc: glibcVersion(), libstdcxx: libstdcxxVersion() },
): string | null {
  if (system.glibc === null) return 'needs glibc, and this system has another C library (musl?)'
  if (glibc && compareVersions(system.glibc, glibc) < 0)
    return `needs glibc ${glibc}, and this system has ${system.glibc}`
  if (glibcxx && system.libstdcxx && compareVersions(system.libstdcxx, glibcxx) < 0)
    return `needs libstdc++ with GLIBCXX_${glibcxx}, and this system's has ${system.libstdcxx}`
  return null
}

/** The error for a machine with none of them; `glibc`: its version, null with another C library, where npm installs none. */
export function noBinaryError(glibc = glibcVersion()): SimclrError {
  const known = MATRIX.some((row) => row.platform === platform)
  const wanted = process.env.SIMCLR_VARIANT
  const lines = !known
    ? [
        `  - run it on linux-x64 (glibc 2.28 or newer): there are no binaries for ${platform}`,
        `  - on Windows, use WSL 2; on macOS, a linux/amd64 container`,
      ]
    : [
        ...(glibc === null
          ? [
              `  - this system's C library is not glibc (Alpine has musl), and every binary needs glibc 2.28 or newer: in a container, take an image on Debian such as node:22-slim`,
            ]
          : []),
        ...(wanted
          ? [`  - SIMCLR_VARIANT=${wanted} leaves out all others: unset it, or install that one`]
          : []),
        `  - optional dependencies were left out (--omit=optional, --no-optional): npm install --include=optional simclr`,
        `  - the lock file or node_modules came from another system: remove both and install again here`,
        `  - a bundler left the package out: keep simclr external, and ship its node_modules`,
        `  - install the binary by hand, of the version of simclr: npm install @simclr/${platform}-cpu@${packageVersion()}`,
        `  - in a checkout: npm run build`,
      ]
  return new SimclrError(
    'ERR_SIMCLR_BINARY',
    `No native binary of simclr for ${platform} is installed. Possible causes and solutions:\n${lines.join('\n')}`,
  )
}
