/** The addon through node-gyp and binding.gyp, which works without Node's headers too. */
import fs from 'node:fs'
import { createRequire } from 'node:module'
import path from 'node:path'
import { mustRun, root } from './run.mjs'

/** What node-gyp wants of Node's own build; the rest of Node's flags would only have to be undone. */
const COMMON = `{
  'variables': { 'target_arch%': 'x64', 'standalone_static_library%': 1 },
  'target_defaults': {
    'default_configuration': 'Release',
    'configurations': { 'Release': { 'defines': ['NDEBUG'] }, 'Debug': { 'cflags': ['-g'] } },
  },
}
`

/** `args` are for gyp: `-Dcuda=1`, `-Dlibtorch=DIR`. */
export function buildWithGyp(args) {
  const nodedir = `--nodedir=${developmentFiles()}`
  const nodeGyp = (...rest) => mustRun(process.execPath, ['node_modules/node-gyp/bin/node-gyp.js', ...rest])
  nodeGyp('configure', nodedir, ...(args.length > 0 ? ['--', ...args] : []))
  nodeGyp('build', nodedir, '--jobs', 'max')
}

/** A folder that looks like Node's development files, made of the Node-API headers from npm: no download. */
function developmentFiles() {
  const { include_dir: headers } = createRequire(import.meta.url)('node-api-headers')
  const nodedir = path.join(root, '.cache', 'gyp')
  const folder = path.join(nodedir, 'include', 'node')
  fs.mkdirSync(folder, { recursive: true })
  for (const name of fs.readdirSync(headers))
    fs.copyFileSync(path.join(headers, name), path.join(folder, name))
  fs.writeFileSync(path.join(folder, 'common.gypi'), COMMON)
  fs.writeFileSync(path.join(folder, 'config.gypi'), "{ 'target_defaults': {}, 'variables': {} }\n")
  return nodedir
}
