/** What this process runs on: devices, and the versions of everything that computes. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { packageRoot } from './addon/binary.ts'
import { loadAddon, loadAddonDetails } from './addon/load.ts'

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
  /** LibTorch the addon was built for and runs on. */
  libtorch: string
  /** Folder of that LibTorch. */
  libtorchPath: string
  /** CUDA version of the addon, null for the CPU. */
  cuda: string | null
  compiler: string
  /** Vector level LibTorch picked on this machine, e.g. `AVX512`. */
  cpuCapability: string
}

/** Loads the addon. Errors: ERR_SIMCLR_BINARY, ERR_SIMCLR_LIBTORCH. */
export function versions(): Versions {
  const { addon, libtorch } = loadAddonDetails()
  const { torch, cuda, compiler, cpuCapability } = addon.buildInfo()
  const manifest = JSON.parse(readFileSync(join(packageRoot, 'package.json'), 'utf8')) as { version: string }
  return {
    simclr: manifest.version,
    node: process.versions.node,
    libtorch: torch,
    libtorchPath: libtorch.path,
    cuda,
    compiler,
    cpuCapability,
  }
}
