/** What of GPUs and their driver can be seen in the file system, without loading anything. */
import fs from 'node:fs'
import path from 'node:path'

/** The files of the GPUs that are let in: NVIDIA's own, and the one that WSL has for all. */
export function gpuFiles(devices = '/dev'): string[] {
  return list(devices).filter((name) => /^(nvidia\d+|dxg)$/.test(name))
}

/** Where the driver's library lies: what the loader is told, then distributions', containers' and WSL's folders. */
const FOLDERS = [
  ...['/usr/lib/x86_64-linux-gnu', '/usr/lib64', '/usr/lib'],
  ...['/usr/local/nvidia/lib64', '/usr/local/cuda/compat', '/usr/lib/wsl/lib'],
]

/** Each libcuda.so.1 there is, with its size and time: another driver is another file. */
export function driverFiles(): [string, number, number][] {
  const told = process.env.LD_LIBRARY_PATH?.split(':').filter(Boolean) ?? []
  return [...told, ...FOLDERS].flatMap((folder) => {
    const file = path.join(folder, 'libcuda.so.1')
    const stat = fs.statSync(file, { throwIfNoEntry: false })
    return stat ? [[file, stat.size, stat.mtimeMs] as [string, number, number]] : []
  })
}

function list(folder: string): string[] {
  try {
    return fs.readdirSync(folder).sort()
  } catch {
    return []
  }
}
