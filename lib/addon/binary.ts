/** The native binaries there are: a checkout's own build, or platform packages `@simclr/<platform>-<variant>`. */
import fs from 'node:fs'
import { createRequire } from 'node:module'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { SimclrError } from './errors.ts'
import type { Variant } from './libtorch/versions.ts'

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
}

export interface Binary extends BuildRecord {
  /** Holds simclr.node, loader.node and build.json. */
  folder: string
  /** `checkout`, or the platform package's name. */
  from: string
}

/** The folder of this package: the checkout, or node_modules/simclr. */
export const packageRoot: string = fileURLToPath(new URL('../../', import.meta.url))

/** CUDA variants first: whoever has installed a CUDA LibTorch means it. */
const VARIANTS: readonly Variant[] = ['cu130', 'cpu']

/** `linux-x64`, as in the platform packages' names. */
export const platform = `${process.platform}-${process.arch}`

/** Every complete binary, in the order of preference. */
export function findBinaries(): Binary[] {
  const binaries: Binary[] = []
  for (const folder of checkoutFolders()) {
    const checkout = readBinary(path.join(packageRoot, folder, 'Release'), 'checkout')
    if (checkout) binaries.push(checkout)
  }
  const require = createRequire(import.meta.url)
  for (const variant of VARIANTS) {
    const name = `@simclr/${platform}-${variant}`
    let manifest: string
    try {
      manifest = require.resolve(`${name}/package.json`)
    } catch {
      continue
    }
    const binary = readBinary(path.dirname(manifest), name)
    if (binary) binaries.push(binary)
  }
  return binaries
}

/**
 * Where a checkout is built: `build` for the CPU, `build-cu130` … for CUDA, which are taken only when
 * SIMCLR_VARIANT names them: whoever has built both mostly works on the first.
 */
function checkoutFolders(): string[] {
  const variant = process.env.SIMCLR_VARIANT
  return [variant === undefined || variant === 'cpu' ? 'build' : `build-${variant}`]
}

/** The error for a machine with none of them. */
export function noBinaryError(): SimclrError {
  return new SimclrError(
    'ERR_SIMCLR_BINARY',
    `No native binary of simclr for ${platform}. Possible solutions:\n` +
      `  - in a checkout: npm run build\n` +
      `  - in an app: npm install @simclr/${platform}-cpu (and check that optional dependencies are not left out)\n` +
      `Binaries exist for linux-x64 with glibc 2.28 or newer.`,
  )
}

function readBinary(folder: string, from: string): Binary | null {
  const whole = ['simclr.node', 'loader.node', 'build.json'].every((f) => fs.existsSync(path.join(folder, f)))
  if (!whole) return null
  const record = JSON.parse(fs.readFileSync(path.join(folder, 'build.json'), 'utf8')) as BuildRecord
  return { ...record, folder, from }
}
