/** What `simclr doctor` reports: each thing the addon needs, with its state and what mends it. */
import { spawnSync } from 'node:child_process'
import fs from 'node:fs'
import os from 'node:os'
import { fileURLToPath } from 'node:url'
import { inheritedFlags, moduleBeside } from '../io/module.ts'
import { type Binary, findBinaries, noBinaryError } from './binary.ts'
import { installCommand, libtorchCandidates } from './libtorch/resolve.ts'

export interface Finding {
  name: string
  /** `note`: worth knowing, nothing is wrong. */
  state: 'ok' | 'note' | 'problem'
  detail: string
  /** The command, or the deed, that mends a problem. */
  mend: string | null
}

/** glibc of the running process as `2.36`; null where there is another C library. */
export function glibcVersion(): string | null {
  const { header } = process.report.getReport() as unknown as { header: { glibcVersionRuntime?: string } }
  return header.glibcVersionRuntime ?? null
}

/** LibTorch's wheels are manylinux_2_28. */
const GLIBC = '2.28'

/** Everything that was looked at, in the order in which problems are best mended. */
export function diagnose(): Finding[] {
  const findings = [node(), glibc(), processor(), ...binaries()]
  const clear = findings.every((f) => f.state !== 'problem')
  return clear ? [...findings, addon()] : findings
}

function node(): Finding {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number)
  const good = (major === 20 && minor >= 19) || (major === 22 && minor >= 12) || major > 22
  return {
    name: 'Node',
    state: good ? 'ok' : 'problem',
    detail: `${process.version} (wanted: ^20.19 or >=22.12)`,
    mend: good ? null : 'install Node 22 or newer',
  }
}

function glibc(): Finding {
  const version = glibcVersion()
  const good = version !== null && compareVersions(version, GLIBC) >= 0
  return {
    name: 'C library',
    state: good ? 'ok' : 'problem',
    detail: `${version === null ? 'not glibc' : `glibc ${version}`} (wanted: glibc ${GLIBC} or newer)`,
    mend: good ? null : 'use a distribution with a newer glibc (Debian 10, Ubuntu 20.04, RHEL 8 or later)',
  }
}

/** Negative, zero or positive as `a` is older than, the same as or newer than `b`. */
export function compareVersions(a: string, b: string): number {
  return a.localeCompare(b, 'en', { numeric: true })
}

function processor(): Finding {
  const name = os.cpus()[0]?.model ?? process.arch
  let flags = ''
  try {
    flags = /^flags\s*:(.*)$/m.exec(fs.readFileSync('/proc/cpuinfo', 'utf8'))?.[1] ?? ''
  } catch {
    // no /proc: nothing to tell
  }
  const known = ['avx2', 'avx512f', 'avx512_bf16', 'amx_bf16'].filter((f) => flags.split(' ').includes(f))
  return {
    name: 'Processor',
    state: process.arch === 'x64' ? 'ok' : 'problem',
    detail: `${name}, ${os.availableParallelism()} threads, ${known.join(' ') || 'no AVX2: slow'}`,
    mend: process.arch === 'x64' ? null : 'use an x86-64 machine: there are no binaries for others',
  }
}

/** Each binary, and every LibTorch that was looked at for it. */
function binaries(): Finding[] {
  const found = findBinaries()
  if (found.length > 0) return found.flatMap(binary)
  const [first = '', ...rest] = noBinaryError().message.split('\n')
  return [{ name: 'Binary', state: 'problem', detail: first, mend: rest.join('\n') }]
}

function binary({ from, folder, torch, variant, libtorch: built }: Binary): Finding[] {
  const candidates = [...libtorchCandidates({ version: torch, variant, built, purpose: 'run' })]
  // What was named is used or refused; among the rest the first that can be used is taken.
  const named = candidates.find((c) => c.source === 'SIMCLR_LIBTORCH')
  const taken = named ?? candidates.find((c) => c.rejected === null)
  const mend = named ? 'unset SIMCLR_LIBTORCH, or name another folder' : installCommand(variant)
  const usable = taken !== undefined && taken.rejected === null
  const findings: Finding[] = candidates.map((candidate) => ({
    name: `LibTorch (${candidate.source})`,
    state: candidate === named && !usable ? 'problem' : 'note',
    detail: `${candidate.path} ${candidate.rejected ?? (candidate === taken ? 'is taken' : 'could be used too')}`,
    mend: candidate === named && !usable ? mend : null,
  }))
  const detail = `${from}: ${folder}, for LibTorch ${torch} (${variant})`
  const lacking = !usable && named === undefined
  return [
    { name: 'Binary', state: lacking ? 'problem' : 'ok', detail, mend: lacking ? mend : null },
    ...findings,
  ]
}

/** Loads the addon in a process of its own, so that a crash there is a finding here. */
function addon(): Finding {
  const load = moduleBeside(import.meta.url, './load')
  const code = `const { loadAddonDetails } = await import(${JSON.stringify(load.href)})
const { addon, libtorch } = loadAddonDetails()
process.stdout.write(JSON.stringify({ ...addon.buildInfo(), path: libtorch.path }))`
  const args = [...inheritedFlags(import.meta.url), '--input-type=module', '-e', code]
  const run = spawnSync(process.execPath, args, {
    encoding: 'utf8',
    cwd: fileURLToPath(new URL('../..', import.meta.url)),
  })
  if (run.status === 0) {
    const info = JSON.parse(run.stdout) as { torch: string; cpuCapability: string; path: string }
    const detail = `loads; LibTorch ${info.torch} from ${info.path}, ${info.cpuCapability} kernels`
    return { name: 'Addon', state: 'ok', detail, mend: null }
  }
  if (run.signal) {
    const mend = 'npm run build (in a checkout), or reinstall the package'
    return { name: 'Addon', state: 'problem', detail: `crashes (${run.signal}) when it is loaded`, mend }
  }
  // The error's own words, without the stack; they say what to do.
  const message = /SimclrError: ([^\n]*(?:\n(?! {4}at )[^\n]*)*)/.exec(run.stderr)?.[1]
  const detail = `does not load: ${message ?? run.stderr.trim().split('\n').at(-1)}`
  return { name: 'Addon', state: 'problem', detail, mend: null }
}
