/** The NVIDIA driver and the GPUs it shows. Without them everything runs on the CPU. */
import { spawnSync } from 'node:child_process'
import { consider } from '../addon/choose.ts'
import { compareVersions } from '../addon/system.ts'
import { type Finding, note, ok, problem } from './finding.ts'

/**
 * Oldest Linux driver for a CUDA major: within one an older driver runs newer binaries, as the binary itself judges
 * (native/cuda/device/driver.cc). NVIDIA's CUDA toolkit release notes, minimum driver for minor version compatibility.
 */
const oldestDriver: Readonly<Record<string, string>> = { '12': '525.60.13', '13': '580.65' }

/** `patience`: milliseconds that nvidia-smi has. */
export function gpu(patience = 20_000): Finding[] {
  const query = ['--query-gpu=name,memory.total,driver_version', '--format=csv,noheader']
  const { status, stdout, stderr, error } = spawnSync('nvidia-smi', query, {
    encoding: 'utf8',
    timeout: patience,
  })
  if (error) return [onCpu(unanswered(error, patience))]
  const lines = stdout.trim().split('\n')
  const said = lines[0] || stderr.trim().split('\n')[0] || 'nothing'
  if (status !== 0) return [onCpu(`nvidia-smi fails: ${said}`)]
  // Name, memory and driver; without a GPU a sentence, and an exit code of zero all the same.
  const gpus = lines.filter((line) => line.split(', ').length >= 3)
  if (gpus.length === 0) return [onCpu(`nvidia-smi shows no GPU: ${said}`)]
  const driver = gpus[0]!.split(', ').at(-1)!
  return [...gpus.map((line) => ok('GPU', line)), ...tooOld(driver)]
}

function onCpu(why: string): Finding {
  return note('GPU', `${why}: simclr runs on the CPU`)
}

function unanswered({ code, message }: NodeJS.ErrnoException, patience: number): string {
  if (code === 'ENOENT') return 'no NVIDIA driver (nvidia-smi is not there)'
  if (code === 'ETIMEDOUT') return `nvidia-smi does not answer within ${patience / 1000} s: the driver hangs`
  return `nvidia-smi cannot be run (${message})`
}

/** CUDA binaries whose LibTorch is here, and that the driver is too old for. */
function tooOld(driver: string): Finding[] {
  return consider().considered.flatMap(({ binary, rejected }) => {
    const oldest = oldestDriver[binary?.cuda?.split('.')[0] ?? '']
    if (rejected !== null || !binary || oldest === undefined || compareVersions(driver, oldest) >= 0)
      return []
    const detail = `${driver} is too old for CUDA ${binary.cuda} of ${binary.from}, which needs ${oldest} or newer`
    return [problem('Driver', detail, 'update the NVIDIA driver, or set SIMCLR_VARIANT=cpu')]
  })
}
