/** dist/, compiled from lib/. */
import fs from 'node:fs'
import path from 'node:path'
import { mustRun, root, say } from './run.mjs'
import { stamp } from './stamp.mjs'

const output = path.join(root, 'dist')

/** Compiles unless nothing has changed. */
export function compileTypeScript() {
  const state = stamp('typescript', ['lib', 'tsconfig.json', 'package-lock.json'])
  if (state.fresh() && fs.existsSync(path.join(output, 'cli', 'main.js'))) return
  say('compiling TypeScript')
  state.clear()
  fs.rmSync(output, { recursive: true, force: true }) // no file of a source that is gone
  mustRun(process.execPath, ['node_modules/typescript/bin/tsc', '-p', 'tsconfig.json'])
  fs.chmodSync(path.join(output, 'cli', 'main.js'), 0o755)
  state.done()
}
