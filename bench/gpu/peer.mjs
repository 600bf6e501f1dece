/**
 * What a peer's script reaches on the GPU, one line of JSON: node bench/gpu/peer.mjs NAME PYTHON SCRIPT [ARGUMENTS]
 *
 * The script (bench/peers/) measures RUNS steps at a time, in between the steps of ours that scripts/gpu.mjs runs.
 */
import { spawnSync } from 'node:child_process'
import path from 'node:path'

/** Steps or calls in one measurement; the first measurement does not count: cuDNN times its algorithms in it. */
const RUNS = 30
const MEASUREMENTS = 4

const [name, python, script, ...args] = process.argv.slice(2)
const file = path.join(import.meta.dirname, '../peers', script)
const { status, stdout, stderr, error } = spawnSync(python, [file, '--device', 'cuda', ...args], {
  input: `${RUNS}\n`.repeat(MEASUREMENTS),
  encoding: 'utf8',
})
process.stderr.write(stderr ?? '')
const rates = (stdout ?? '').trim().split('\n').map(Number).slice(1)
if (status === 0 && rates.length === MEASUREMENTS - 1) {
  rates.sort((a, b) => a - b)
  console.log(JSON.stringify({ name, arguments: args.join(' '), rate: rates[1], slowest: rates[0] }))
} else if (stderr?.includes('OutOfMemoryError')) {
  console.log(JSON.stringify({ name, arguments: args.join(' '), outOfMemory: true })) // a result too
} else {
  throw error ?? new Error(`${script} ended with exit code ${status} after ${rates.length} measurements.`)
}
