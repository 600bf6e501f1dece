/**
 * Everything that needs a GPU, on a machine that has one and perhaps no network: `npm run test:gpu`,
 * `npm run bench:gpu`, or, where npm is not there, `node scripts/gpu.mjs test --libtorch DIR`.
 *
 *   --libtorch DIR   a LibTorch for CUDA (default: SIMCLR_LIBTORCH); one inside a Python's torch runs the peers too
 *   --build DIR      a carried addon (a folder with simclr.node, loader.node, build.json) instead of building one
 *   --python FILE    the Python that runs the peers (default: the one that LibTorch is the torch of)
 *   --cifar DIR      trains on CIFAR-10: binary batches, or train/ and test/ with a folder of images for each class
 *                    (default: synthetic scenes)
 *   --out FILE       results, one JSON file (default gpu-results.json); what the steps say goes to FILE with .log
 *   --steps A,B      these steps alone
 *   --minutes N      begins no step after so many minutes, and ends one there that is not done
 *
 * Steps run one after the other, each in a process of its own, and are ended after LIMIT seconds. What has passed with the
 * same sources and LibTorch on the same kind of GPU is not run again: a machine that is lent in pieces goes on where it
 * stopped. Exit code 0: every step passed, or cannot run here for a reason that is told. Without a GPU it says so and fails.
 */
import fs from 'node:fs'
import path from 'node:path'
import { Failure, root, say } from './bootstrap/run.mjs'
import { hashOf } from './bootstrap/stamp.mjs'
import { Misuse, numberOf, readFlags } from './command-line.mjs'
import { benchSteps } from './gpu/bench-steps.mjs'
import { addonEnvironment, gpuBuild, recordOf } from './gpu/build.mjs'
import { findGpu } from './gpu/device.mjs'
import { findPython } from './gpu/python.mjs'
import { Results } from './gpu/results.mjs'
import { runStep } from './gpu/run-step.mjs'
import { testSteps } from './gpu/steps.mjs'

/** A step's longest time, in seconds; then it counts as failed. */
const LIMIT = 300
/** What every step's outcome depends on. */
const SOURCES = ['native', 'lib', 'CMakeLists.txt', 'package-lock.json']

const { positionals, values } = readFlags({
  allowPositionals: true,
  options: {
    libtorch: { type: 'string', default: process.env.SIMCLR_LIBTORCH },
    build: { type: 'string' },
    python: { type: 'string' },
    cifar: { type: 'string' },
    out: { type: 'string', default: 'gpu-results.json' },
    steps: { type: 'string' },
    minutes: { type: 'string', default: 'Infinity' },
  },
})
const until = Date.now() + numberOf('minutes', values.minutes) * 60_000
const secondsLeft = () => Math.floor((until - Date.now()) / 1000)

async function main() {
  const job = positionals[0]
  if (job !== 'test' && job !== 'bench') throw new Misuse(`Expected test or bench but received '${job}'.`)
  if (!fs.existsSync(path.join(root, 'node_modules')))
    throw new Failure('node_modules is missing: carry it in.')
  const gpu = findGpu()
  say(`GPU: ${gpu.name}, compute capability ${gpu.capability}, driver ${gpu.driver}`)
  const folder = gpuBuild(values, gpu)
  const peers = job === 'bench' ? findPython(values.libtorch, values.python) : {}
  const { cifar } = values
  const jobs = {
    test: testSteps({ folder, cifar, ...gpu }),
    bench: benchSteps({ folder, peers, cifar, ...gpu }),
  }
  const all = jobs[job]
  const steps = chosen(all)
  const { libtorch: _, ...build } = recordOf(folder)
  const sources = hashOf(SOURCES)
  const facts = { gpu, build, node: process.version, sources }
  const results = new Results(path.resolve(values.out), facts, keysOf(Object.values(jobs).flat(), facts))
  await runAll(steps, all, results, addonEnvironment(folder, values.libtorch))
  const named = (state) => steps.map(({ name }) => name).filter((name) => results.stateOf(name) === state)
  const [failed, undone] = [named('failed'), named(undefined)]
  if (failed.length > 0) say(`failed: ${failed.join(', ')}`)
  if (undone.length > 0) say(`not done yet, run it again for them: ${undone.join(', ')}`)
  say(`${named('passed').length} of ${steps.length} steps passed: ${values.out}`)
  if (failed.length + undone.length > 0) process.exitCode = 1
}

function chosen(steps) {
  const wanted = values.steps?.split(',') ?? steps.map(({ name }) => name)
  const unknown = wanted.filter((name) => steps.every((step) => step.name !== name))
  if (unknown.length === 0) return steps.filter(({ name }) => wanted.includes(name))
  throw new Misuse(
    `Expected steps of ${steps.map(({ name }) => name).join(', ')} but received ${unknown.join(', ')}.`,
  )
}

/** Of each step by its name: its sources, its images, and where it runs. Not the addon's bytes: no two builds have the same. */
function keysOf(steps, { gpu, build, sources }) {
  const where = [sources, gpu.name, build.torch]
  return Object.fromEntries(
    steps.map(({ name, images, sources: own = [] }) => [name, hashOf(own, [...where, images]).slice(0, 16)]),
  )
}

/** `all`: those of the job, among which are those that `steps` need. `addon`: the environment that names it. */
async function runAll(steps, all, results, addon) {
  const env = { ...process.env, ...addon }
  for (const step of steps) {
    const { name, about, skip, clears, needs = [] } = step
    if (results.isDone(step, steps)) {
      say(`${name}: passed before`)
      continue
    }
    if (skip) {
      say(`${name}: skipped, ${skip}`)
      results.add(name, { state: 'skipped', why: skip })
      continue
    }
    if (secondsLeft() < 1) return
    const lacking = all.filter((other) => needs.includes(other.name) && !results.isThere(other))
    if (lacking.length > 0) {
      const why = `${lacking.map((other) => other.name).join(', ')} has not passed here, which it needs`
      say(`${name}: ${why}`)
      results.add(name, { state: 'failed', why })
      continue
    }
    say(`${name}: ${about}`)
    if (clears) fs.rmSync(path.join(root, clears), { recursive: true, force: true })
    const seconds = Math.min(LIMIT, secondsLeft())
    const { result, log } = await runStep(step, { env, seconds, onStart, onOutput })
    // Of one that --minutes has cut short nothing is known.
    if (result.state !== 'passed' && secondsLeft() < 1) return
    results.add(name, result, log)
    say(`${name}: ${result.state}${result.why ? `, ${result.why}` : ''} (${result.seconds} s)`)
  }
}

/** Whoever ends this script ends the step with it. */
function onStart(end) {
  for (const signal of ['SIGINT', 'SIGTERM']) {
    process.removeAllListeners(signal)
    process.once(signal, () => {
      end()
      process.exit(130)
    })
  }
}

function onOutput(text) {
  process.stderr.write(text)
}

try {
  await main()
} catch (error) {
  if (error instanceof Misuse) throw error
  process.stderr.write(`${error instanceof Failure ? `simclr: ${error.message}` : error.stack}\n`)
  process.exitCode = 1
}
