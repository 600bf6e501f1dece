/**
 * Which binary to load, with which LibTorch, and why. Where several could do, each is loaded in a child process
 * first: a driver or library that crashes there crashes nobody. What came out is remembered until something
 * it depends on changes.
 */
import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { inheritedFlags, moduleBeside } from '../io/module.ts'
import { type Binary, findBinaries, noBinaryError, reinstallCommand, unmetBy } from './binary.ts'
import { SimclrError } from './errors.ts'
import { gpuFiles } from './gpu-files.ts'
import { installCommand, type LibtorchSource, resolveLibtorch } from './libtorch/resolve.ts'
import { notLoaded, type Probed } from './probed.ts'
import { keyOf, recall, remember } from './remembered.ts'

export interface Choice {
  binary: Binary
  libtorch: { path: string; source: LibtorchSource }
  /** One sentence. */
  why: string
  /**
   * Why the binaries for CUDA see no GPU, or cannot be used: a binary for the CPU knows nothing of them. Null where a GPU is
   * seen, and where there was none to ask.
   */
  gpuProblem: string | null
}

/** A binary that was looked at; `rejected` says why it was not taken. */
export interface Considered {
  /** The binary's package, or `checkout`. */
  from: string
  /** Null for one that is damaged. */
  binary: Binary | null
  libtorch: Choice['libtorch'] | null
  rejected: string | null
  /** What to do about that, where `rejected` does not say it itself. */
  mend: string | null
}

/** Throws ERR_SIMCLR_BINARY or ERR_SIMCLR_LIBTORCH with what to do where none can be used. */
export function choose(): Choice {
  const { considered, failures } = consider()
  const usable = considered.filter(isUsable)
  const [first] = usable
  if (first === undefined) throw nothingUsable(considered, failures)
  if (first.from === 'checkout') return { ...first, why: "this checkout's own build", gpuProblem: null }
  if (usable.length === 1) return { ...first, why: whyAlone(considered), gpuProblem: unaskable(considered) }
  return bestOf(usable)
}

/** Every binary with the LibTorch it would run on, without loading anything. */
export function consider(): { considered: Considered[]; failures: unknown[] } {
  const failures: unknown[] = []
  const { binaries, damaged } = findBinaries()
  const unreadable = damaged.map(({ from, damage }): Considered => {
    const mend = `Install it anew: ${reinstallCommand(from)}`
    failures.push(new SimclrError('ERR_SIMCLR_BINARY', `${damage}. ${mend}`))
    return { from, binary: null, libtorch: null, rejected: damage, mend }
  })
  const considered = binaries.map((binary): Considered => {
    const { from } = binary
    const unmet = unmetBy(binary)
    if (unmet !== null) {
      const mend = 'Use a newer distribution, or build simclr from source on this one.'
      failures.push(new SimclrError('ERR_SIMCLR_BINARY', `${from} ${unmet}. ${mend}`))
      return { from, binary, libtorch: null, rejected: unmet, mend }
    }
    try {
      const { torch: version, variant, libtorch: built } = binary
      const { path, source } = resolveLibtorch({ version, variant, built, purpose: 'run' })
      return { from, binary, libtorch: { path, source }, rejected: null, mend: null }
    } catch (error) {
      failures.push(error)
      const [rejected = '', ...more] = (error as Error).message.split('\n')
      return { from, binary, libtorch: null, rejected, mend: more.at(-1) ?? null }
    }
  })
  return { considered: [...considered, ...unreadable], failures }
}

type Usable = Considered & Pick<Choice, 'binary' | 'libtorch'>

function isUsable(considered: Considered): considered is Usable {
  return considered.rejected === null
}

function whyAlone(considered: readonly Considered[]): string {
  const others = considered.filter((c) => !isUsable(c)).map((c) => `${c.from}: ${c.rejected}`)
  return others.length === 0 ? 'the only binary' : `the only usable binary (${others.join('; ')})`
}

/** Of the binary for CUDA that would be preferred, where only another one can be used; null if that is for CUDA itself. */
function unaskable(considered: readonly Considered[]): string | null {
  const forCuda = considered.filter(({ binary }) => binary !== null && binary.variant !== 'cpu')
  const [first] = forCuda
  if (first === undefined || forCuda.some(isUsable)) return null
  return [`${first.from}: ${first.rejected}`, first.mend].filter((part) => part !== null).join('. ')
}

function nothingUsable(considered: readonly Considered[], failures: readonly unknown[]): unknown {
  if (considered.length === 0) return noBinaryError()
  if (failures.length === 1) return failures[0]
  const lines = considered.map(({ from, rejected }) => `  ${from}: ${rejected}`)
  const message = `None of the ${considered.length} installed binaries can be used:\n${lines.join('\n')}\n`
  const last = considered.findLast(({ binary }) => binary !== null)?.binary
  if (!last) {
    const advice = `Install one of them anew, for example with: ${reinstallCommand(considered.at(-1)!.from)}`
    return new SimclrError('ERR_SIMCLR_BINARY', message + advice, { cause: failures[0] })
  }
  const advice = `Install the LibTorch of one of them, for example with: ${installCommand(last.variant, last.torch)}`
  return new SimclrError('ERR_SIMCLR_LIBTORCH', message + advice, { cause: failures[0] })
}

/**
 * Loads each in a process of its own (`trial`): one that sees a GPU is best, then the CPU's, then the first that works.
 * What another try may not find again is not remembered: a machine that was too busy to answer, a GPU whose file is in
 * `devices` and that does not answer.
 */
export function bestOf(
  usable: readonly Usable[],
  trial = (candidate: Usable) => probe(candidate),
  devices = '/dev',
): Choice {
  const key = keyOf(usable, devices)
  const known = recall(key)
  const before = known && usable.find(({ from }) => from === known.from)
  if (before) {
    const why = `${known.why} (found out on ${known.date})`
    return { ...before, why, gpuProblem: known.gpuProblem }
  }
  const probed = usable.map((candidate): Tried => ({ candidate, outcome: trial(candidate) }))
  const working = probed.filter(({ outcome }) => outcome.failure === null)
  const best =
    working.find(({ outcome }) => outcome.gpus > 0) ??
    working.find(({ candidate }) => candidate.binary.variant === 'cpu') ??
    working[0]
  const told = probed.map((tried) => `${tried.candidate.from} ${describe(tried)}`)
  if (best === undefined) {
    throw new SimclrError(
      'ERR_SIMCLR_BINARY',
      `None of the installed binaries works here:\n  ${told.join('\n  ')}\n\`npx simclr doctor\` says more.`,
    )
  }
  const why = `the best of ${usable.length} that were tried: ${told.join('; ')}`
  const gpuProblem = best.outcome.gpus > 0 ? null : unseen(probed)
  const passing = probed.some(({ outcome }) => outcome.passing)
  if (!passing && !(best.outcome.gpus === 0 && working.some(forCuda) && gpusLetIn(devices))) {
    const date = new Date().toISOString().slice(0, 10)
    remember(key, { from: best.candidate.from, why, gpuProblem, date })
  }
  return { ...best.candidate, why, gpuProblem }
}

interface Tried {
  candidate: Usable
  outcome: Probed
}

function forCuda({ candidate }: Tried): boolean {
  return candidate.binary.variant !== 'cpu'
}

/** There are GPUs, and nobody has hidden them. */
function gpusLetIn(devices: string): boolean {
  return !['', '-1'].includes(process.env.CUDA_VISIBLE_DEVICES ?? '0') && gpuFiles(devices).length > 0
}

function describe({ candidate, outcome: { failure, gpus, gpuProblem } }: Tried): string {
  if (failure !== null) return failure
  if (gpus > 0) return `works with ${gpus} GPU${gpus === 1 ? '' : 's'}`
  return candidate.binary.variant === 'cpu' ? 'works, on the CPU' : `works, on the CPU: ${gpuProblem}`
}

/** What keeps the binaries for CUDA from a GPU, each reason once; null where there is none of them. */
function unseen(probed: readonly Tried[]): string | null {
  const problems = probed
    .filter(forCuda)
    .map(({ candidate, outcome: { failure, gpuProblem } }) =>
      failure === null ? gpuProblem : `${candidate.from} ${failure.replace(/\.?$/, '.')}`,
    )
  return [...new Set(problems)].filter((problem) => problem !== null).join(' ') || null
}

/** Loads a binary with its LibTorch in a process of its own, and counts the GPUs it can use; `patience` in milliseconds. */
export function probe({ binary, libtorch }: Pick<Usable, 'binary' | 'libtorch'>, patience = 120_000): Probed {
  const program = fileURLToPath(moduleBeside(import.meta.url, './probe'))
  const args = [...inheritedFlags(), program, JSON.stringify({ binary, libtorch })]
  const run = spawnSync(process.execPath, args, {
    encoding: 'utf8',
    timeout: patience,
    env: { ...process.env, ELECTRON_RUN_AS_NODE: '1' },
  })
  try {
    return JSON.parse((run.stdout ?? '').trim().split('\n').at(-1)!) as Probed
  } catch {
    if (run.error) return { ...notLoaded(untried(run.error, patience), null), passing: true }
    // The kernel kills what memory does not suffice for: the binary may be good.
    if (run.signal === 'SIGKILL')
      return { ...notLoaded('is killed (SIGKILL: out of memory?) when it is loaded', null), passing: true }
    const how = run.signal ? `crashes (${run.signal})` : `fails: ${run.stderr.trim().split('\n').at(-1)}`
    return notLoaded(`${how} when it is loaded`, null)
  }
}

/** Of a process that has told nothing about the binary. */
function untried({ code, message }: NodeJS.ErrnoException, patience: number): string {
  return code === 'ETIMEDOUT'
    ? `does not load within ${patience / 1000} s`
    : `cannot be tried: no process can be started (${message})`
}
