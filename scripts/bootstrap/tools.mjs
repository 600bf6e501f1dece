/** What a build needs from the machine, checked before anything is begun; each lack is named with what mends it. */
import { spawnSync } from 'node:child_process'
import fs from 'node:fs'
import { addonFresh } from './addon.mjs'
import { modulesFresh } from './modules.mjs'
import { Failure, root } from './run.mjs'

/** Bytes for node_modules, build/ and dist/; LibTorch has a check of its own where it is put. */
const SPACE = 1e9
const GLIBC = '2.28'
const CMAKE = '3.22'
/** LibTorch's headers are C++20. */
const GCC = 11
const CLANG = 14

/** Throws one Failure that names everything missing for the steps that are due. */
export function checkTools(options) {
  const build = !addonFresh(options)
  const problems = [node(process.versions.node), glibc(glibcVersion())]
  if (build) problems.push(compiler(), cmake(), ninja())
  if (build || !modulesFresh()) problems.push(space(root, SPACE))
  if (!modulesFresh()) problems.push(npm())
  const found = problems.filter((p) => p !== null)
  if (found.length > 0) throw new Failure(found.join('\n'))
}

export function node(version) {
  const [major, minor] = version.split('.').map(Number)
  const good = (major === 20 && minor >= 19) || (major === 22 && minor >= 12) || major > 22
  return good ? null : `Node ${version} is too old: expected ^20.19 or >=22.12. Install Node 22.`
}

export function glibc(version) {
  if (version !== null && compare(version, GLIBC) >= 0) return null
  const what = version === null ? 'This system has no glibc' : `glibc ${version} is too old`
  return `${what}: LibTorch needs glibc ${GLIBC} or newer. Use Debian 10, Ubuntu 20.04, RHEL 8 or later.`
}

/** The running process's glibc; null with another C library. */
function glibcVersion() {
  process.report.excludeNetwork = true // no questions to a name server
  return process.report.getReport().header.glibcVersionRuntime ?? null
}

function compiler() {
  const command = process.env.CXX ?? ['g++', 'clang++', 'c++'].find((c) => versionOf(c) !== null) ?? 'g++'
  const said = versionOf(command)
  if (said === null) return `The C++ compiler ${command} is missing. Install it with: ${install('g++')}`
  const clang = /clang version (\d+)/.exec(said)
  const gcc = /\) (\d+)\.\d+/.exec(said)
  const old = clang ? Number(clang[1]) < CLANG : gcc ? Number(gcc[1]) < GCC : false
  if (!old) return null
  return `${said.split('\n')[0]} is too old: expected g++ ${GCC} or clang++ ${CLANG}, or newer. Install one with: ${install('g++')}`
}

function cmake() {
  const said = versionOf('cmake')
  if (said === null) return `CMake is missing. Install it with: ${install('cmake')}`
  const version = /version ([\d.]+)/.exec(said)?.[1] ?? '0'
  if (compare(version, CMAKE) >= 0) return null
  return `CMake ${version} is too old: expected ${CMAKE} or newer. Install it with: pip install cmake`
}

function ninja() {
  if (versionOf('ninja') !== null || versionOf('make') !== null) return null
  return `Neither ninja nor make is there. Install one with: ${install('ninja')}`
}

function npm() {
  return versionOf('npm') === null ? `npm is missing. Install it with: ${install('npm')}` : null
}

export function space(folder, needed) {
  const { bavail, bsize } = fs.statfsSync(folder)
  if (bavail * bsize >= needed) return null
  const mb = (bytes) => `${Math.ceil(bytes / 1e6)} MB`
  return `Disk space is short: building in ${folder} takes ${mb(needed)} and ${mb(bavail * bsize)} are free. Free some, for example with: npm cache clean --force`
}

/** What `command --version` prints; null where it cannot be run. */
function versionOf(command) {
  const { status, stdout } = spawnSync(command, ['--version'], { encoding: 'utf8' })
  return status === 0 ? stdout : null
}

/** The command of this distribution that installs a package. */
export function install(name, release = readRelease()) {
  const ids = /^ID(?:_LIKE)?=.*$/gm
  const like = (release.match(ids) ?? []).join(' ')
  const fedora = { 'g++': 'gcc-c++', ninja: 'ninja-build' }
  if (/fedora|rhel|centos/.test(like)) return `dnf install ${fedora[name] ?? name}`
  if (/suse/.test(like)) return `zypper install ${{ 'g++': 'gcc-c++' }[name] ?? name}`
  if (/arch/.test(like)) return `pacman -S ${{ 'g++': 'gcc' }[name] ?? name}`
  return `apt-get install ${{ ninja: 'ninja-build' }[name] ?? name}`
}

function readRelease() {
  try {
    return fs.readFileSync('/etc/os-release', 'utf8')
  } catch {
    return ''
  }
}

function compare(a, b) {
  return a.localeCompare(b, 'en', { numeric: true })
}
