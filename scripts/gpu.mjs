/**
 * Everything that needs a GPU, on a machine that has one and perhaps no network: `npm run test:gpu`,
 * `npm run bench:gpu`, or, where npm is not there, `node scripts/gpu.mjs test --libtorch DIR`.
 *
 *   --libtorch DIR   a LibTorch for CUDA (default: SIMCLR_LIBTORCH)
 *   --build DIR      a carried addon (a folder with simclr.node, loader.node, build.json) instead of building one
 *   --out FILE       results, one JSON file (default gpu-results.json)
 *   --steps A,B      these steps alone
 *   --minutes N      begins no step after so many minutes, and ends one there that is not done
 *
 * Steps run one after the other, each in a process of its own and well under ten minutes. What has passed with the
 * same addon on the same GPU is not run again: a machine that is lent in pieces goes on where it stopped. Without a
 * GPU it says so and fails.
 */
import { spawnSync } from 'node:child_process'
import fs from 'node:fs'
import path from 'node:path'
import { parseArgs } from 'node:util'
import { Failure, root, say } from './bootstrap/run.mjs'
import { gpuBuild } from './gpu/build.mjs'
import { findGpu } from './gpu/device.mjs'
import { Results } from './gpu/results.mjs'
import { benchSteps, testSteps } from './gpu/steps.mjs'

const { positionals, values } = parseArgs({
  allowPositionals: true,
  options: {
    libtorch: { type: 'string', default: process.env.SIMCLR_LIBTORCH },
    build: { type: 'string' },
    out: { type: 'string', default: 'gpu-results.json' },
    steps: { type: 'string' },
    minutes: { type: 'string', default: 'Infinity' },
  },
})

/** A step's longest time; then it counts as failed. */
const LIMIT_MS = 9 * 60 * 1000
const until = Date.now() + Number(values.minutes) * 60_000

function main() {
  const job = positionals[0]
  if (job !== 'test' && job !== 'bench') throw new Failure(`Expected test or bench but received '${job}'.`)
  const gpu = findGpu()
  say(`GPU: ${gpu}`)
  const folder = gpuBuild(values)
  const env = { ...process.env, SIMCLR_VARIANT: 'cu130' }
  if (values.libtorch) env.SIMCLR_LIBTORCH = path.resolve(values.libtorch)
  const results = new Results(path.resolve(values.out), { gpu, build: folder })
  const wanted = values.steps?.split(',')
  const steps = (job === 'test' ? testSteps : benchSteps)({ env, folder }).filter(
    ({ name }) => wanted === undefined || wanted.includes(name),
  )
  for (const step of steps) {
    if (results.passed(step.name) && (!step.makes || fs.existsSync(step.makes))) {
      say(`${step.name}: passed before`)
      continue
    }
    if (Date.now() > until) {
      say(`${step.name}: no time left`)
      break
    }
    say(`${step.name}: ${step.about}`)
    results.add(step.name, run(step, env))
  }
  const failed = results.failed(steps.map(({ name }) => name))
  say(
    failed.length === 0 ? `all ${steps.length} steps passed: ${values.out}` : `failed: ${failed.join(', ')}`,
  )
  if (failed.length > 0) process.exitCode = 1
}

/** Runs a step; the last lines of what it says go into the results, and its figures (lines of JSON). */
function run({ command, skip }, env) {
  if (skip) return { state: 'skipped', why: skip }
  const started = Date.now()
  const { status, signal, stdout, stderr, error } = spawnSync(command[0], command.slice(1), {
    cwd: root,
    env,
    encoding: 'utf8',
    timeout: Math.max(1000, Math.min(LIMIT_MS, until - Date.now())),
    maxBuffer: 1 << 28,
  })
  process.stderr.write(`${stdout ?? ''}${stderr ?? ''}`)
  const seconds = Math.round((Date.now() - started) / 100) / 10
  const figures = (stdout ?? '').split('\n').filter((line) => line.startsWith('{'))
  const tail = `${stdout ?? ''}${stderr ?? ''}`.trim().split('\n').slice(-12)
  const why = error?.message ?? (signal ? `ended by ${signal}` : `exit code ${status}`)
  return status === 0
    ? { state: 'passed', seconds, figures: figures.map((line) => JSON.parse(line)) }
    : { state: 'failed', seconds, why, tail }
}

try {
  if (!fs.existsSync(path.join(root, 'node_modules')))
    throw new Failure('node_modules is missing: carry it in.')
  main()
} catch (error) {
  process.stderr.write(`${error instanceof Failure ? `simclr: ${error.message}` : error.stack}\n`)
  process.exitCode = 1
}
