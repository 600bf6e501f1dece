/**
 * What a peer's script reaches on the GPU, one line of JSON: node bench/gpu/peer.mjs NAME PYTHON SCRIPT [ARGUMENTS]
 *
 * Milliseconds of a call, of step.py pairs a second: the median of its measurements but the first.
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
  // As ours is told.
  const figure = script === 'step.py' ? { pairsPerSecond: rates[1] } : { milliseconds: 1000 / rates[1] }
  console.log(JSON.stringify({ name, arguments: args.join(' '), ...figure }))
} else if (stderr?.includes('OutOfMemoryError')) {
  console.log(JSON.stringify({ name, arguments: args.join(' '), outOfMemory: true })) // a result too
} else {
  throw error ?? new Error(`${script} ended with exit code ${status} after ${rates.length} measurements.`)
}
