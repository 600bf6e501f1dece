/** One step in a process of its own: with a limit of time, its output kept, its figures picked out. */
import { spawn } from 'node:child_process'
import { root } from '../bootstrap/run.mjs'

/** Seconds between the signal that asks a step to end and the one that ends it. */
const GRACE = 10
/** Lines of JSON that are about the way and not the outcome (simclr train --json). */
const ON_THE_WAY = new Set(['data', 'start', 'step', 'checkpoint'])
const MOST_FIGURES = 24
const LONGEST_LINE = 300
/** Of a step's output, what is kept of its end. */
const LOG_BYTES = 1 << 20

/**
 * @typedef {object} Result For the results' file.
 * @property {'passed' | 'failed' | 'skipped'} state
 * @property {number} seconds
 * @property {string} [why] It did not pass.
 * @property {string[]} [tail] The last lines that it said, where there are no figures.
 * @property {number} [tests] How many tests passed, of a step that is tests.
 * @property {object[]} [figures] Its lines of JSON, where it passed and has any.
 */

/**
 * Runs `step` for at most so many seconds. `log` is the end of what it said; `onStart` gets a function that ends it.
 * @returns {Promise<{ result: Result, log: string }>}
 */
export async function runStep(step, { env, seconds, onStart = () => {}, onOutput = () => {} }) {
  const started = performance.now()
  // `timeout` leads a process group of its own and ends all of it: mocha's child, compilers, Python's workers.
  const command = [`--kill-after=${GRACE}`, `${seconds}`, ...step.command]
  const child = spawn('timeout', command, {
    cwd: root,
    env: { ...env, ...step.env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  onStart(() => child.kill('SIGTERM'))
  const said = { stdout: '', all: '' }
  const hear = (stream, name) =>
    stream.setEncoding('utf8').on('data', (text) => {
      onOutput(text)
      if (name === 'stdout') said.stdout = (said.stdout + text).slice(-LOG_BYTES)
      said.all = (said.all + text).slice(-LOG_BYTES)
    })
  hear(child.stdout, 'stdout')
  hear(child.stderr, 'stderr')
  const ended = await new Promise((resolve) => {
    child.on('error', ({ message }) => resolve({ problem: message }))
    child.on('exit', () => endGroup(child.pid)) // what it has left behind would keep its output open
    child.on('close', (code, signal) => resolve({ code, signal }))
  })
  const took = (performance.now() - started) / 1000
  const result = { ...outcome(step, said.all, ended, took >= seconds), seconds: Math.round(took * 10) / 10 }
  const figures = result.state === 'passed' ? figuresOf(said.stdout) : []
  if (step.least && result.state === 'passed') Object.assign(result, shortfall(step.least, figures))
  if (figures.length > 0) result.figures = figures
  else result.tail = lastLines(said.all, result.state === 'passed' ? 1 : 12)
  return { result, log: said.all }
}

function outcome({ tests, unable }, said, { problem, code, signal }, late) {
  if (problem) return { state: 'failed', why: problem }
  if (late) return { state: 'failed', why: 'took too long and was ended' }
  if (code !== 0) {
    const line = said.split('\n').find((line) => unable?.test(line))
    if (line) return { state: 'skipped', why: line.trim() }
    return { state: 'failed', why: signal ? `ended by ${signal}` : `exit code ${code}` }
  }
  if (!tests) return { state: 'passed' }
  const count = Number(/(\d+) passing/.exec(said)?.[1] ?? 0)
  return count > 0 ? { state: 'passed', tests: count } : { state: 'failed', why: 'no test ran' }
}

/** What makes a step that ended well a failure: its figure is too low, or is not there. */
function shortfall({ figure, value }, figures) {
  const reached = figures.map((line) => line[figure]).findLast((number) => typeof number === 'number')
  if (reached >= value) return {}
  return { state: 'failed', why: `${figure} ${reached ?? 'is not told'}, at least ${value} was expected` }
}

function figuresOf(stdout) {
  return stdout
    .split('\n')
    .filter((line) => line.trimStart().startsWith('{')) // mocha's reporter indents
    .flatMap((line) => {
      try {
        return [JSON.parse(line)]
      } catch {
        return [] // cut off, or no JSON
      }
    })
    .filter(({ type }) => !ON_THE_WAY.has(type))
    .slice(-MOST_FIGURES)
}

function lastLines(text, count) {
  const lines = text.trim().split('\n').slice(-count)
  return lines.map((line) => line.slice(0, LONGEST_LINE))
}

function endGroup(leader) {
  try {
    process.kill(-leader, 'SIGKILL')
  } catch {
    // nobody is left
  }
}
