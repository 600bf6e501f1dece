/** One small JSON file: what ran, on what, with what outcome. */
import { createHash } from 'node:crypto'
import fs from 'node:fs'
import path from 'node:path'

export class Results {
  /** `build`: the addon's folder; results of another addon or GPU are begun anew. */
  constructor(file, { gpu, build }) {
    this.file = file
    const addon = createHash('sha256')
      .update(fs.readFileSync(path.join(build, 'simclr.node')))
      .digest('hex')
    const { libtorch: _, ...record } = JSON.parse(fs.readFileSync(path.join(build, 'build.json'), 'utf8'))
    this.value = { gpu, addon, build: record, node: process.version, steps: {} }
    try {
      const before = JSON.parse(fs.readFileSync(file, 'utf8'))
      if (before.gpu === gpu && before.addon === addon) this.value.steps = before.steps
    } catch {
      // none yet
    }
  }

  passed(name) {
    return this.value.steps[name]?.state === 'passed'
  }

  /** Of these steps, those that neither passed nor were skipped. */
  failed(names) {
    return names.filter((name) => !['passed', 'skipped'].includes(this.value.steps[name]?.state))
  }

  /** Written at once: a machine may be taken away after any step. */
  add(name, result) {
    this.value.steps[name] = { ...result, at: new Date().toISOString() }
    fs.writeFileSync(`${this.file}.partial`, `${JSON.stringify(this.value, null, 1)}\n`)
    fs.renameSync(`${this.file}.partial`, this.file)
  }
}
