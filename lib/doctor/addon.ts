/** The addon that would be loaded here, loaded in a process of its own: a crash there is a finding here. */
import { reinstallCommand } from '../addon/binary.ts'
import { choose, probe } from '../addon/choose.ts'
import { installCommand } from '../addon/libtorch/resolve.ts'
import { type Finding, nameAnother, ok, problem, problemOf } from './finding.ts'

export function tryAddon(): Finding {
  let choice: ReturnType<typeof choose>
  try {
    choice = choose()
  } catch (error) {
    return problemOf('Addon', (error as Error).message, 'reinstall simclr')
  }
  const { binary, libtorch, why } = choice
  const { failure, code, torch, gpus, cpuCapability, jpeg, ...probed } = probe(choice)
  if (failure === null) {
    // A binary for the CPU tells nothing about GPUs: those for CUDA do, where there are any.
    const gpuProblem = choice.gpuProblem ?? (binary.cuda === null ? null : probed.gpuProblem)
    const without = gpuProblem === null || why.includes(gpuProblem) ? '' : `, no GPU: ${gpuProblem}`
    const devices = gpus > 0 ? `, ${gpus} GPU(s)` : without
    const decoder =
      jpeg === null ? 'sharp (the build found no static libjpeg-turbo)' : `libjpeg-turbo ${jpeg}`
    const detail = `${binary.from} loads (${why}); LibTorch ${torch} from ${libtorch.path}, ${cpuCapability} kernels${devices}; JPEG by ${decoder}`
    return ok('Addon', detail)
  }
  const named = libtorch.source === 'SIMCLR_LIBTORCH'
  const install = named ? nameAnother : `${installCommand(binary.variant, binary.torch)} --force`
  return problem('Addon', failure, code === 'ERR_SIMCLR_LIBTORCH' ? install : reinstallCommand(binary.from))
}
