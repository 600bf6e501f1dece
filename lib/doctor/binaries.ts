/** Each binary, and every LibTorch that was looked at for it. */
import {
  type Binary,
  type Damaged,
  findBinaries,
  noBinaryError,
  reinstallCommand,
  unmetBy,
} from '../addon/binary.ts'
import { installCommand, libtorchCandidates } from '../addon/libtorch/resolve.ts'
import { type Finding, nameAnother, note, ok, problemOf } from './finding.ts'

export function binaries(): Finding[] {
  const { binaries, damaged } = findBinaries()
  const judged = [...damaged.map(judgeDamaged), ...binaries.map(judge)]
  if (judged.length === 0) return [problemOf('Binary', noBinaryError().message, 'npm install simclr')]
  if (judged.some(({ usable }) => usable)) return judged.flatMap(({ findings }) => findings)
  // One of them must be mended: what was named, else the CPU's, which is the last.
  const { lacking, mend } = judged.at(-1)!
  return judged.flatMap(({ findings }, at) =>
    findings.map((f, i): Finding => {
      return at === judged.length - 1 && i === lacking ? { ...f, state: 'problem', mend } : f
    }),
  )
}

interface Judged {
  findings: Finding[]
  usable: boolean
  /** Where no other binary can be used either: which finding is the problem, and what mends it. */
  lacking: number
  mend: string
}

function judgeDamaged({ from, damage }: Damaged): Judged {
  return {
    ...{ findings: [note('Binary', `${from}: ${damage}`)], usable: false },
    ...{ lacking: 0, mend: reinstallCommand(from) },
  }
}

function judge(binary: Binary): Judged {
  const { from, folder, torch, variant, libtorch: built } = binary
  const detail = `${from}: ${folder}, for LibTorch ${torch} (${variant})`
  const unmet = unmetBy(binary)
  if (unmet !== null) {
    const mend = 'use a newer distribution, or build simclr from source on this one'
    return { findings: [note('Binary', `${detail}: ${unmet}`)], usable: false, lacking: 0, mend }
  }
  const candidates = [...libtorchCandidates({ version: torch, variant, built, purpose: 'run' })]
  // What was named is used or refused; among the rest the first that can be used is taken.
  const named = candidates.find((c) => c.source === 'SIMCLR_LIBTORCH')
  const taken = named ?? candidates.find((c) => c.rejected === null)
  const usable = taken !== undefined && taken.rejected === null
  const mend = named ? nameAnother : installCommand(variant, torch)
  const findings = candidates.map((candidate): Finding => {
    const verdict = candidate.rejected ?? (candidate === taken ? 'is taken' : 'could be used too')
    return note(`LibTorch (${candidate.source})`, `${candidate.path} ${verdict}`)
  })
  const first = usable ? ok('Binary', detail) : note('Binary', `${detail}, which is not installed`)
  const lacking = named ? 1 + candidates.indexOf(named) : 0
  return { findings: [first, ...findings], usable, lacking, mend }
}
