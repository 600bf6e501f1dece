/** Why a training process died, as far as that can be known, and what to do about it. */
import { readFileSync } from 'node:fs'
import { SimclrError } from '../addon/errors.ts'
import { checkpointsPath, newestCheckpoint } from '../weights/checkpoint.ts'

export interface Death {
  code: number | null
  signal: NodeJS.Signals | null
  /** The last step it told of. */
  step: number | null
  /** The end of what it wrote there. */
  stderr: string
  /** The kernel has killed a process for want of memory while this one lived. */
  killedByKernel: boolean
  out: string
  resume: string | undefined
}

/** Processes the kernel has killed for want of memory since it started, control groups' limits included; 0 where it does not tell. */
export function kernelKills(): number {
  try {
    return Number(/^oom_kill (\d+)$/m.exec(readFileSync('/proc/vmstat', 'utf8'))?.[1] ?? 0)
  } catch {
    return 0
  }
}

/** Why SIGKILL has ended a process, where the kernel tells nothing of memory. */
export const killedByOthers = 'Somebody killed it, or a container that ran out of memory.'

/** What V8 and the C++ library say before they give up. */
const memoryWords = /JavaScript heap out of memory|std::bad_alloc|Cannot allocate memory/

/** The error that the death of a run's process becomes. */
export async function deathError(death: Death): Promise<SimclrError> {
  const { signal, code, step, stderr } = death
  const how = signal ? `was killed by ${signal}` : `ended with exit code ${code}`
  const when = step === null ? 'before its first step' : `after step ${step}`
  const memory = (signal === 'SIGKILL' && death.killedByKernel) || memoryWords.test(stderr)
  const checkpoint = await checkpointOf(death)
  const advice = memory
    ? 'Memory ran out: lower `batchSize` or `limit`, or `stream` the images.'
    : signal === 'SIGKILL'
      ? killedByOthers
      : 'Its last words are in `cause`.'
  const resume = checkpoint
    ? `Go on from ${checkpoint}: train again with the same \`out\`, ${death.out}.`
    : 'It left no checkpoint; start anew.'
  return new SimclrError(
    memory ? 'ERR_SIMCLR_OUT_OF_MEMORY' : 'ERR_SIMCLR_PROCESS',
    `The training process ${how} ${when}. ${advice} ${resume}`,
    { checkpoint, ...(stderr === '' ? {} : { cause: new Error(stderr.trim()) }) },
  )
}

/** The run's own newest checkpoint that is whole, else the one it had gone on from. */
async function checkpointOf({ out, resume = 'auto' }: Death): Promise<string | null> {
  const own = await newestCheckpoint(checkpointsPath(out), () => {}).catch(() => null)
  if (own) return own.path
  return resume === 'auto' || resume === 'never' ? null : resume
}
