/** cmake-js, the way every build here calls it. */
import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { mustRun, root } from './run.mjs'

/** A compiler process on LibTorch's headers takes about this much memory. */
const MEMORY_PER_JOB = 1.5e9

/**
 * Configures and builds in `folder`. `target` null: everything.
 * Not cmake-js `compile`: after a compiler error it wipes the folder and compiles everything again.
 */
export function cmakeBuild(folder, target, defines) {
  const cmakeJs = (command, ...rest) => {
    const common = ['--out', folder, '--config', 'Release', '--log-level', 'warn']
    mustRun(process.execPath, ['node_modules/cmake-js/bin/cmake-js', command, ...common, ...rest])
  }
  // Of the container, where there is one: os.freemem() is the machine's.
  const jobs = Math.max(
    1,
    Math.min(os.availableParallelism(), Math.floor(process.availableMemory() / MEMORY_PER_JOB)),
  )
  cmakeJs('configure', ...Object.entries(defines).map(([name, value]) => `--CD${name}=${value}`))
  cmakeJs('build', '--parallel', String(jobs), ...(target === null ? [] : ['--target', target]))
}

/**
 * CMake takes compiler and flags from the environment when it first configures a folder, and then from its cache: without
 * that it does so anew. What is compiled stays, and is compiled again where its command is another.
 */
export function forgetTools(folder) {
  const below = path.join(root, folder, 'CMakeFiles')
  fs.rmSync(path.join(root, folder, 'CMakeCache.txt'), { force: true })
  for (const name of fs.existsSync(below) ? fs.readdirSync(below) : [])
    if (/^\d+\.\d+/.test(name)) fs.rmSync(path.join(below, name), { recursive: true }) // of a version of CMake
}
