/**
 * What a GPU machine without a network needs, in one file: node scripts/gpu/pack.mjs [OUT.tar.xz] [--build DIR]
 *
 * The sources, this Node, the modules that the tests use, and with --build an addon that is built already. There:
 * tar xf OUT.tar.xz && ./node scripts/gpu.mjs test --libtorch DIR (with an addon: --build build-carried)
 */
import { execFileSync } from 'node:child_process'
import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { Failure, root } from '../bootstrap/run.mjs'
import { readFlags } from '../command-line.mjs'
import { ADDON } from './build.mjs'
import { sourcesOf } from './sources.mjs'

/** Bytes that can be carried. */
const LIMIT = 52e6
/** Never used there: compilers and linters of other kinds, and what only they need. */
const LEFT_OUT = [
  '@biomejs',
  '@typescript',
  'typescript',
  'node-gyp',
  'cmake-js',
  '@types',
  'undici',
  'undici-types',
  'lru-cache',
  'tar',
  '.cache',
]

const { positionals, values } = readFlags({ allowPositionals: true, options: { build: { type: 'string' } } })
const out = path.resolve(positionals[0] ?? 'simclr-gpu.tar.xz')
const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'simclr-pack-'))
try {
  for (const file of sourcesOf(root, out)) copy(file)
  for (const name of fs.readdirSync(path.join(root, 'node_modules'))) {
    if (!LEFT_OUT.includes(name)) copy(path.join('node_modules', name))
  }
  fs.copyFileSync(process.execPath, path.join(folder, 'node'))
  execFileSync('strip', [path.join(folder, 'node')])
  for (const name of values.build ? ADDON : [])
    fs.cpSync(path.resolve(values.build, name), path.join(folder, 'build-carried', name))
  execFileSync('tar', ['cJf', out, '-C', folder, '.'], { env: { ...process.env, XZ_OPT: '-6 -T0' } })
} finally {
  fs.rmSync(folder, { recursive: true, force: true })
}
const { size } = fs.statSync(out)
console.log(`${out}: ${(size / 1e6).toFixed(1)} MB`)
if (size > LIMIT)
  throw new Failure(`Expected at most ${LIMIT / 1e6} MB to carry but it is ${(size / 1e6).toFixed(1)} MB.`)

function copy(name) {
  fs.cpSync(path.join(root, name), path.join(folder, name), { recursive: true, dereference: true })
}
