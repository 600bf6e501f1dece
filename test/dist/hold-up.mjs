/**
 * Loaded into ranks by NODE_OPTIONS (holding-up.ts): one rank's learner is slow, or never comes to an end, in one of its
 * methods. `SIMCLR_TEST_HOLD_UP` says who, where and how.
 */

import fs from 'node:fs/promises'
import { syncBuiltinESMExports } from 'node:module'

const { rank, method, from = 0, milliseconds, blocks } = JSON.parse(process.env.SIMCLR_TEST_HOLD_UP ?? '{}')

if (rank !== undefined && (process.env.RANK ?? process.env.SLURM_PROCID) === String(rank)) {
  if (method === 'write') slowDisk()
  else slowLearner()
}

/** The learner's calls of `method` from the one of number `from` on. */
function slowLearner() {
  const open = process.dlopen
  process.dlopen = function (module, ...rest) {
    open.call(this, module, ...rest)
    const { Learner } = module.exports
    if (Learner === undefined) return
    let calls = 0
    module.exports.Learner = class extends Learner {
      async [method](...values) {
        if (calls++ >= from) await holdUp()
        return super[method](...values)
      }
    }
  }
}

/** Every checkpoint but the first waits for a disk. */
function slowDisk() {
  const { open } = fs
  fs.open = async (path, ...rest) => {
    if (/checkpoints\/\.step-0*[1-9]/.test(String(path))) await holdUp()
    return open(path, ...rest)
  }
  syncBuiltinESMExports()
}

function holdUp() {
  if (blocks) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0)
  return new Promise((resolve) => {
    if (milliseconds === undefined) setInterval(() => {}, 60_000)
    else setTimeout(resolve, milliseconds)
  })
}
