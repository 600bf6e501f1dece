/** node_modules, as package-lock.json says. */
import fs from 'node:fs'
import path from 'node:path'
import { mustRun, root, say } from './run.mjs'

/** Installs unless everything is there in the locked versions, however it came there. */
export function installModules() {
  if (modulesFresh()) return
  say('installing node_modules (npm ci)')
  // No package here needs its install script, and none of ours may depend on one.
  mustRun('npm', ['ci', '--ignore-scripts', '--include=dev', '--no-audit', '--no-fund'])
}

/** npm keeps a copy of the lock file that it installed inside node_modules: compare versions with it. */
export function modulesFresh() {
  const wanted = packagesOf('package-lock.json')
  const installed = packagesOf('node_modules/.package-lock.json')
  if (wanted === null || installed === null) return false
  return Object.entries(wanted).every(
    ([name, entry]) => name === '' || entry.optional || installed[name]?.version === entry.version,
  )
}

function packagesOf(file) {
  try {
    return JSON.parse(fs.readFileSync(path.join(root, file), 'utf8')).packages
  } catch {
    return null
  }
}
