/** The NVIDIA driver and the GPUs it shows. Without them everything runs on the CPU. */
import { spawnSync } from 'node:child_process'
import { type Considered, consider } from '../addon/choose.ts'
import { compareVersions } from '../addon/system.ts'
import { type Finding, note, ok, problem } from './finding.ts'

/** Oldest Linux driver for a CUDA major.minor (NVIDIA's CUDA toolkit release notes, table 3). */
const oldestDriver: Readonly<Record<string, string>> = { '12.8': '570.26', '13.0': '580.65' }

export function gpu(): Finding[] {
  const query = ['--query-gpu=name,memory.total,driver_version', '--format=csv,noheader']
  const { status, stdout, error } = spawnSync('nvidia-smi', query, { encoding: 'utf8', timeout: 20_000 })
  if (error || status !== 0) {
    const said = stdout?.trim().split('\n')[0]
    const detail = error ? 'no NVIDIA driver (nvidia-smi is not there)' : `nvidia-smi fails: ${said}`
    return [note('GPU', `${detail}: simclr runs on the CPU`)]
  }
  const gpus = stdout.trim().split('\n')
  const driver = gpus[0]!.split(', ')[2]!
  return [...gpus.map((line) => ok('GPU', line)), ...tooOld(driver)]
}

/** CUDA binaries whose LibTorch is here, and that the driver is too old for. */
function tooOld(driver: string): Finding[] {
  return candidates().flatMap(({ binary, rejected }) => {
    const oldest = oldestDriver[binary?.cuda ?? '']
    if (rejected !== null || !binary || oldest === undefined || compareVersions(driver, oldest) >= 0)
      return []
    const detail = `${driver} is too old for CUDA ${binary.cuda} of ${binary.from}, which needs ${oldest} or newer`
    return [problem('Driver', detail, 'update the NVIDIA driver, or set SIMCLR_VARIANT=cpu')]
  })
}

function candidates(): Considered[] {
  try {
    return consider().considered
  } catch {
    return [] // told of among the binaries
  }
}
