/**
 * The platform package of the addon in build/Release: npm/<platform>-<variant>/, ready for `npm pack`. No
 * package here or there has an install script.
 */
import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import fs from 'node:fs'
import path from 'node:path'
import { root } from './bootstrap/run.mjs'

const BINARIES = ['simclr.node', 'loader.node']

const built = path.join(root, 'build', 'Release')
const { libtorch: _, ...record } = JSON.parse(fs.readFileSync(path.join(built, 'build.json'), 'utf8'))
const { version, license } = JSON.parse(fs.readFileSync(path.join(root, 'package.json'), 'utf8'))
const name = `${process.platform}-${process.arch}-${record.variant}`
const folder = path.join(root, 'npm', name)

fs.rmSync(folder, { recursive: true, force: true })
fs.mkdirSync(folder, { recursive: true })
const sha256 = {}
for (const binary of BINARIES) {
  const to = path.join(folder, binary)
  fs.copyFileSync(path.join(built, binary), to)
  const { status, error } = spawnSync('strip', ['--strip-unneeded', to], { stdio: 'inherit' })
  if (status !== 0) throw new Error(`strip ${to} failed`, { cause: error })
  sha256[binary] = createHash('sha256').update(fs.readFileSync(to)).digest('hex')
}
fs.copyFileSync(path.join(root, 'LICENSE'), path.join(folder, 'LICENSE'))
write('build.json', { ...record, sha256 })
write('package.json', {
  name: `@simclr/${name}`,
  version,
  description: `Native binary of simclr for ${name}, made for LibTorch ${record.torch}`,
  license,
  os: [process.platform],
  cpu: [process.arch],
  libc: ['glibc'],
  files: [...BINARIES, 'build.json'],
})
console.log(folder)

function write(file, value) {
  fs.writeFileSync(path.join(folder, file), `${JSON.stringify(value, null, 2)}\n`)
}
