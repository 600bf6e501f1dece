/** What this process runs on: devices, and the versions of everything that computes. */
import { packageVersion } from './addon/binary.ts'
import { loadAddon, loadAddonDetails } from './addon/load.ts'
import { glibcVersion } from './addon/system.ts'
import { loadSharp } from './io/sharp.ts'

export interface Device {
  /** What the `device` option takes: `cpu`, `cuda:0` … */
  name: string
  type: 'cpu' | 'cuda'
  description: string
  /** Bytes. */
  memory: number
}

/** The devices a run can use, the CPU first. Errors: ERR_SIMCLR_BINARY, ERR_SIMCLR_LIBTORCH. */
export function getDevices(): Device[] {
  return loadAddon().getDevices()
}

export interface Versions {
  simclr: string
  node: string
  /** Of the C library. */
  glibc: string | null
  /** LibTorch the addon was built for and runs on. */
  libtorch: string
  /** Folder of that LibTorch, and how it was found. */
  libtorchPath: string
  libtorchSource: string
  /** The addon: `checkout`, or its platform package. */
  binary: string
  /** Why this one was taken. */
  binaryChoice: string
  /** Commit that it was built from; null where that was not recorded. */
  commit: string | null
  /** CUDA version of the addon, null for the CPU. */
  cuda: string | null
  compiler: string
  /** Vector level LibTorch picked on this machine, e.g. `AVX512`. */
  cpuCapability: string
  /** What decodes JPEG: libjpeg-turbo in the addon, null for an addon without. */
  libjpegTurbo: string | null
  /** What decodes everything else, and any JPEG that is out of the ordinary. */
  sharp: string
  libvips: string
}

/** Loads the addon and sharp. Errors: ERR_SIMCLR_BINARY (of either), ERR_SIMCLR_LIBTORCH. */
export function versions(): Versions {
  const { addon, binary, libtorch, why } = loadAddonDetails()
  const { torch, cuda, compiler, cpuCapability, jpeg } = addon.buildInfo()
  const sharp = loadSharp().versions
  return {
    simclr: packageVersion(),
    node: process.versions.node,
    glibc: glibcVersion(),
    libtorch: torch,
    libtorchPath: libtorch.path,
    libtorchSource: libtorch.source,
    binary: binary.from,
    binaryChoice: why,
    commit: binary.commit ?? null,
    cuda,
    compiler,
    cpuCapability,
    libjpegTurbo: jpeg,
    sharp: sharp.sharp ?? 'unknown',
    libvips: sharp.vips,
  }
}
