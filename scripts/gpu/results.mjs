/** One small JSON file: what ran, on what, with what outcome; beside it the steps' output. */
import fs from 'node:fs'
import path from 'node:path'
import { root } from '../bootstrap/run.mjs'

export class Results {
  /**
   * `facts`: the machine and the build, for the reader. `keys`: of every step by its name, what its outcome depends on; an
   * outcome under another key is forgotten.
   */
  constructor(file, facts, keys) {
    this.file = file
    this.log = file.replace(/(\.json)?$/, '.log')
    this.keys = keys
    const kept = Object.entries(stepsIn(file)).filter(([name, { key }]) => key === keys[name])
    this.value = { ...facts, steps: Object.fromEntries(kept) }
  }

  passed(name) {
    return this.stateOf(name) === 'passed'
  }

  /** `step` has passed. What it made may be gone, as on a fresh machine, where no step of `steps` needs it that has not. */
  isDone(step, steps) {
    if (!this.passed(step.name) || this.isThere(step)) return this.passed(step.name)
    return steps.every((other) => !other.needs?.includes(step.name) || this.passed(other.name))
  }

  /** `step` has passed, and what it made, if anything, is there. */
  isThere({ name, makes }) {
    return this.passed(name) && (!makes || fs.existsSync(path.join(root, makes)))
  }

  /** `passed`, `failed` or `skipped`; undefined where it has not run. */
  stateOf(name) {
    return this.value.steps[name]?.state
  }

  /** Written at once: a machine may be taken away after any step. */
  add(name, result, log = '') {
    const at = new Date().toISOString()
    this.value.steps[name] = { ...result, at, key: this.keys[name] }
    fs.appendFileSync(this.log, `==== ${name}, ${at}: ${result.state}\n${log}\n`)
    fs.writeFileSync(`${this.file}.partial`, `${JSON.stringify(this.value, null, 1)}\n`)
    fs.renameSync(`${this.file}.partial`, this.file)
  }
}

function stepsIn(file) {
  try {
    return JSON.parse(fs.readFileSync(file, 'utf8')).steps ?? {}
  } catch {
    return {} // none yet
  }
}
