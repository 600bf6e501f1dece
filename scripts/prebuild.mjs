/**
 * A platform package: node scripts/prebuild.mjs --variant NAME, where NAME is a row of lib/addon/matrix.ts. Builds the
 * addon against the row's LibTorch and writes npm/<platform>-NAME/, ready for `npm pack`. No package has an install
 * script.
 */
import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import fs from 'node:fs'
import path from 'node:path'
import { pathToFileURL } from 'node:url'
import { buildFolder } from './bootstrap/addon.mjs'
import { installModules } from './bootstrap/modules.mjs'
import { Failure, mustRun, root } from './bootstrap/run.mjs'
import { compileTypeScript } from './bootstrap/typescript.mjs'
import { given, readFlags } from './command-line.mjs'
import { repository } from './pack.mjs'

const BINARIES = ['simclr.node', 'loader.node']

/** Makes the package of the row called `name`; returns its folder. */
export async function prebuild(name) {
  // The matrix is in dist/. Not a whole build: that is the CPU's, against a LibTorch that may not be there.
  installModules()
  compileTypeScript()
  const { MATRIX, packageName } = await load('addon/matrix')
  const row = MATRIX.find((r) => r.name === name)
  if (row === undefined) {
    throw new Failure(
      `Expected one of ${MATRIX.map((r) => r.name).join(', ')} for --variant but received '${name}'.`,
    )
  }
  if (row.platform !== `${process.platform}-${process.arch}`) {
    throw new Failure(`${packageName(row)} must be built on ${row.platform}.`)
  }
  const { findRelease } = await load('addon/libtorch/versions')
  const built = build(row, findRelease(row.variant).version)
  const { libtorch: _, ...record } = readJson(path.join(built, 'build.json'))
  if (record.torch !== row.torch || record.variant !== row.variant) {
    throw new Failure(
      `${packageName(row)} is for LibTorch ${row.torch} (${row.variant}) but the build is for ${record.torch} (${record.variant}).`,
    )
  }
  return write(row, packageName(row), built, record)
}

/**
 * What `npm run build` is told for a row. `torch` only where it is not the variant's own `ordinary` version: the build of
 * a row that anyone's `npm run build` has made is then taken as it is.
 */
export function buildArguments({ variant, torch }, ordinary) {
  return ['--variant', variant, ...(torch === ordinary ? [] : ['--torch', torch])]
}

/** The folder with the row's build; SIMCLR_LIBTORCH names another LibTorch of its minor. */
function build(row, ordinary) {
  mustRun(process.execPath, ['scripts/bootstrap.mjs', 'build', ...buildArguments(row, ordinary)])
  const folder = path.join(root, buildFolder(row.variant), 'Release')
  if (!fs.existsSync(folder)) throw new Failure(`${folder} with LibTorch ${row.torch} was not built.`)
  return folder
}

function write({ platform, name, torch }, packaged, built, record) {
  const folder = path.join(root, 'npm', `${platform}-${name}`)
  fs.rmSync(folder, { recursive: true, force: true })
  fs.mkdirSync(folder, { recursive: true })
  for (const binary of BINARIES) {
    fs.copyFileSync(path.join(built, binary), path.join(folder, binary))
    tool('strip', ['--strip-unneeded', path.join(folder, binary)])
  }
  fs.copyFileSync(path.join(root, 'LICENSE'), path.join(folder, 'LICENSE'))
  fs.writeFileSync(
    path.join(folder, 'README.md'),
    `# ${packaged}\n\nNative binary of [simclr](https://www.npmjs.com/package/simclr) for ${platform}, made for LibTorch ${torch}. Install \`simclr\`, not this.\n\nThis software is based in part on the work of the Independent JPEG Group; it contains libjpeg-turbo where the build had it.\n`,
  )
  const files = BINARIES.map((binary) => path.join(folder, binary))
  const [os, cpu] = platform.split('-')
  const { version, license } = readJson(path.join(root, 'package.json'))
  writeJson(path.join(folder, 'build.json'), {
    ...record,
    simclr: version,
    commit: commit(),
    ...requirements(files),
    sha256: Object.fromEntries(files.map((file) => [path.basename(file), sha256(file)])),
  })
  writeJson(path.join(folder, 'package.json'), {
    name: packaged,
    version,
    description: `Native binary of simclr for ${platform}, made for LibTorch ${torch}`,
    license,
    ...repository(),
    os: [os],
    cpu: [cpu],
    libc: ['glibc'],
    files: [...BINARIES, 'build.json'],
  })
  return folder
}

/** The highest versions of glibc's and libstdc++'s symbols that binaries ask for; each from the dynamic symbol table. */
function requirements(files) {
  const symbols = files.map((file) => tool('objdump', ['-T', file])).join('\n')
  const undefinedOnes = symbols.split('\n').filter((line) => line.includes('*UND*'))
  const highest = (prefix) =>
    undefinedOnes
      .map((line) => new RegExp(`\\b${prefix}_(\\d[\\d.]*)`).exec(line)?.[1])
      .filter(Boolean)
      .sort((a, b) => a.localeCompare(b, 'en', { numeric: true }))
      .at(-1)
  return { glibc: highest('GLIBC'), glibcxx: highest('GLIBCXX') }
}

function commit() {
  const { status, stdout } = spawnSync('git', ['rev-parse', 'HEAD'], { cwd: root, encoding: 'utf8' })
  return status === 0 ? stdout.trim() : null
}

function tool(command, args) {
  const { status, stdout, error } = spawnSync(command, args, { encoding: 'utf8', maxBuffer: 1 << 28 })
  if (status !== 0)
    throw new Failure(`${command} ${args.join(' ')} failed. It is part of binutils.`, { cause: error })
  return stdout
}

const load = (name) => import(pathToFileURL(path.join(root, 'dist', `${name}.js`)).href)
const sha256 = (file) => createHash('sha256').update(fs.readFileSync(file)).digest('hex')
const readJson = (file) => JSON.parse(fs.readFileSync(file, 'utf8'))
const writeJson = (file, value) => fs.writeFileSync(file, `${JSON.stringify(value, null, 2)}\n`)

if (process.argv[1] === import.meta.filename) {
  const { values } = readFlags({ options: { variant: { type: 'string' } } })
  const variant = given('variant', values.variant, 'NAME')
  try {
    process.stdout.write(`${await prebuild(variant)}\n`)
  } catch (error) {
    process.stderr.write(`${error instanceof Failure ? `simclr: ${error.message}` : error.stack}\n`)
    process.exitCode = 1
  }
}
