/** Node, the C library, the processor, and where LibTorch is kept. */
import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { cacheFolder } from '../addon/libtorch/paths.ts'
import { compareVersions, glibcVersion, libstdcxxVersion } from '../addon/system.ts'
import { type Finding, note, ok, problem } from './finding.ts'

/** LibTorch's wheels are manylinux_2_28. */
const glibc = '2.28'

export function node(version = process.version): Finding {
  const [major = 0, minor = 0] = version.slice(1).split('.').map(Number)
  const good = (major === 20 && minor >= 19) || (major === 22 && minor >= 12) || major > 22
  const detail = `${version} (wanted: ^20.19 or >=22.12)`
  return good ? ok('Node', detail) : problem('Node', detail, 'install Node 22 or newer')
}

export function cLibrary(version = glibcVersion()): Finding {
  const libstdcxx = libstdcxxVersion()
  const have = version === null ? 'not glibc' : `glibc ${version}`
  const detail = `${have} (wanted: glibc ${glibc} or newer)${libstdcxx ? `, GLIBCXX_${libstdcxx}` : ''}`
  if (version !== null && compareVersions(version, glibc) >= 0) return ok('C library', detail)
  const mend = 'use a distribution with a newer glibc (Debian 10, Ubuntu 20.04, RHEL 8 or later; not Alpine)'
  return problem('C library', detail, mend)
}

export function processor(arch: string = process.arch): Finding {
  const model = os.cpus()[0]?.model ?? arch
  let flags = ''
  try {
    flags = /^flags\s*:(.*)$/m.exec(fs.readFileSync('/proc/cpuinfo', 'utf8'))?.[1] ?? ''
  } catch {
    // no /proc: nothing to tell
  }
  const known = ['avx2', 'avx512f', 'avx512_bf16', 'amx_bf16'].filter((f) => flags.split(' ').includes(f))
  const detail = `${model}, ${os.availableParallelism()} threads, ${known.join(' ') || 'no AVX2: slow'}`
  if (arch === 'x64') return ok('Processor', detail)
  return problem('Processor', detail, 'use an x86-64 machine: there are no binaries for others')
}

/** The cache must be writable to install LibTorch, and readable to run. */
export function cache(folder = cacheFolder()): Finding {
  let there = folder
  while (!fs.existsSync(there)) there = path.dirname(there)
  try {
    fs.accessSync(there, fs.constants.W_OK | fs.constants.X_OK)
    return note('Cache', folder)
  } catch {
    const mend = `make ${there} writable, or set XDG_CACHE_HOME to a folder that is`
    return fs.existsSync(folder)
      ? note('Cache', `${folder}, which cannot be written`)
      : problem('Cache', `${folder} is not there and ${there} cannot be written`, mend)
  }
}
