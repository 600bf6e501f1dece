/** Which binary was found to be the best, kept beside the cache until something that it depends on changes. */
import { createHash } from 'node:crypto'
import fs from 'node:fs'
import path from 'node:path'
import type { Binary } from './binary.ts'
import { driverFiles, gpuFiles } from './gpu-files.ts'
import { cacheFolder } from './libtorch/paths.ts'

export interface Remembered {
  from: string
  why: string
  /** `Choice.gpuProblem`. */
  gpuProblem: string | null
  date: string
}

/** A binary with the LibTorch that it would be loaded with. */
export interface Pair {
  binary: Pick<Binary, 'folder' | 'from'>
  libtorch: { path: string }
}

/**
 * Everything the choice depends on: the binaries, their LibTorches, the driver, the GPUs that are let in. A container has its
 * host's driver whether it was given GPUs or not: their device files tell.
 */
export function keyOf(pairs: readonly Pair[], devices = '/dev'): string {
  const facts = pairs.map(({ binary, libtorch }) => {
    const stamp = [
      path.join(binary.folder, 'simclr.node'),
      path.join(libtorch.path, 'lib', 'libtorch_cpu.so'),
    ].map((file) => {
      const { size, mtimeMs } = fs.statSync(file, { throwIfNoEntry: false }) ?? {}
      return [file, size, mtimeMs]
    })
    return [binary.from, stamp]
  })
  const { CUDA_VISIBLE_DEVICES, NVIDIA_VISIBLE_DEVICES } = process.env
  const world = [
    process.version,
    read('/proc/driver/nvidia/version'),
    driverFiles(),
    gpuFiles(devices),
    [CUDA_VISIBLE_DEVICES, NVIDIA_VISIBLE_DEVICES],
  ]
  return createHash('sha256')
    .update(JSON.stringify([facts, world]))
    .digest('hex')
}

const memory = () => path.join(path.dirname(cacheFolder()), 'binaries.json')

export function recall(key: string): Remembered | null {
  return readMemory()[key] ?? null
}

/** Choices of a handful of set-ups, the newest last. A cache that cannot be written costs only time. */
export function remember(key: string, choice: Remembered): void {
  try {
    const entries = Object.entries(readMemory()).filter(([other]) => other !== key)
    const kept = Object.fromEntries([...entries.slice(-15), [key, choice]])
    const temporary = `${memory()}.${process.pid}.tmp`
    fs.mkdirSync(path.dirname(memory()), { recursive: true })
    fs.writeFileSync(temporary, `${JSON.stringify(kept, null, 2)}\n`)
    fs.renameSync(temporary, memory())
  } catch {}
}

/** Where loading what was chosen fails, the choice is found out anew the next time; that it cannot be forgotten hides nothing. */
export function forgetChoices(): void {
  try {
    fs.rmSync(memory(), { force: true })
  } catch {}
}

function readMemory(): Record<string, Remembered> {
  try {
    const said: unknown = JSON.parse(read(memory()) ?? '{}')
    return typeof said === 'object' && said !== null ? (said as Record<string, Remembered>) : {}
  } catch {
    return {}
  }
}

function read(file: string): string | null {
  try {
    return fs.readFileSync(file, 'utf8')
  } catch {
    return null
  }
}
