/** What every step of the bootstrap uses: the project's folder, running a tool, failing in one sentence. */
import { spawnSync } from 'node:child_process'
import os from 'node:os'
import { fileURLToPath } from 'node:url'

/** The checkout. */
export const root = fileURLToPath(new URL('../..', import.meta.url))

/** An expected failure: its message says what to do, a stack would only hide it. */
export class Failure extends Error {}

/** A line for people. */
export function say(text) {
  process.stderr.write(`simclr: ${text}\n`)
}

/**
 * Runs a tool in the checkout and returns its exit code (128 + signal where one ended it). Its stdout goes to
 * our stderr unless `stdout` is 'inherit'.
 */
export function run(command, args, { stdout = 'stderr', env = process.env } = {}) {
  const stdio = ['inherit', stdout === 'inherit' ? 'inherit' : 2, 2]
  const { status, signal, error } = spawnSync(command, args, { cwd: root, env, stdio })
  if (error) throw new Failure(`${command} cannot be run: ${error.message}`)
  return status ?? 128 + os.constants.signals[signal]
}

/** Runs a tool that must succeed. */
export function mustRun(command, args, options) {
  const code = run(command, args, options)
  if (code !== 0)
    throw new Failure(`${[command, ...args].join(' ')}\nfailed with exit code ${code}; its output is above.`)
}
