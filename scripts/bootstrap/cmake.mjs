/** cmake-js, the way every build here calls it. */
import os from 'node:os'
import { mustRun } from './run.mjs'

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
  const jobs = Math.max(1, Math.min(os.availableParallelism(), Math.floor(os.freemem() / MEMORY_PER_JOB)))
  cmakeJs('configure', ...Object.entries(defines).map(([name, value]) => `--CD${name}=${value}`))
  cmakeJs('build', '--parallel', String(jobs), ...(target === null ? [] : ['--target', target]))
}
