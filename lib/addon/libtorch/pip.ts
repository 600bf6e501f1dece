/** pip as a downloader of wheels: it knows the user's mirrors, proxies and certificates. Python runs nothing else. */
import { spawn, spawnSync } from 'node:child_process'
import fs from 'node:fs'
import path from 'node:path'
import { SimclrError } from '../errors.ts'
import { pythonEnvironment, pythonModule } from './python.ts'

export interface PipOptions {
  /** Ask this index alone; without it pip's configured sources are asked. */
  index?: string | undefined
  /** Take what lies in this folder, and ask nobody. */
  links?: string | undefined
  signal?: AbortSignal | undefined
}

/**
 * glibc 2.28, which torch's wheels are for, and the older ones that NVIDIA's wheels are for: pip takes a
 * platform that it is given literally (but for manylinux2014, which stands for its elders too).
 */
const PLATFORMS = [28, 27, 26, 25, 24, 18, 17]
  .map((n) => `manylinux_2_${n}_x86_64`)
  .concat('manylinux2014_x86_64')

/** Wheels for Python 3.11 on x86-64 Linux, without their dependencies. */
const ARGUMENTS = ['download', '--no-deps', '--python-version', '311']
  .concat(PLATFORMS.flatMap((name) => ['--platform', name]))
  .concat('--only-binary=:all:')

/** The command that gets the same wheels into `folder` on another machine; `index` is asked besides pip's own. */
export function pipCommand(requirements: readonly string[], folder: string, index: string): string {
  const quoted = requirements.map((name) => (/[<>]/.test(name) ? `'${name}'` : name))
  return ['pip', ...ARGUMENTS, '--extra-index-url', index, '--dest', folder, ...quoted].join(' ')
}

/** The command that runs pip, or null where there is none. */
export function findPip(): string[] | null {
  const candidates = [pythonModule('pip'), ['pip3'], ['pip']]
  const options = { stdio: 'ignore', env: pythonEnvironment() } as const
  const works = ([command = '', ...args]: string[]) =>
    spawnSync(command, [...args, '--version'], options).status === 0
  return candidates.find(works) ?? null
}

/** The command that runs pip. Throws ERR_SIMCLR_TOOL where there is none. */
export function needPip(): string[] {
  const pip = findPip()
  if (pip !== null) return pip
  throw new SimclrError(
    'ERR_SIMCLR_TOOL',
    'pip is not installed. Install it with: apt-get install python3-pip',
  )
}

/**
 * Downloads one wheel for Python 3.11 on x86-64 Linux, whatever Python is here, without its dependencies, into
 * `folder` (made empty). pip checks the hash where its index states one. Its progress goes to stderr.
 * Returns the wheel's path; throws ERR_SIMCLR_DOWNLOAD with what pip says went wrong.
 */
export async function pipDownload(
  requirement: string,
  folder: string,
  options: PipOptions = {},
): Promise<string> {
  const pip = needPip()
  fs.rmSync(folder, { recursive: true, force: true })
  fs.mkdirSync(folder, { recursive: true })
  const [command = '', ...prefix] = pip
  const args = [...prefix, ...ARGUMENTS]
  if (options.index !== undefined) args.push('--index-url', options.index)
  if (options.links !== undefined) args.push('--no-index', '--find-links', options.links)
  args.push('--dest', folder, requirement)
  // stdout (pip's progress bar) goes to our stderr; stderr is kept for the error's message.
  const env = pythonEnvironment()
  const child = spawn(command, args, { stdio: ['ignore', 2, 'pipe'], env, signal: options.signal })
  let words = ''
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    words = (words + text).slice(-100_000)
  })
  const status = await new Promise<number | null>((resolve, reject) => {
    child.on('error', reject).on('close', resolve)
  })
  const wheel = fs.readdirSync(folder).find((name) => name.endsWith('.whl'))
  if (status === 0 && wheel !== undefined) return path.join(folder, wheel)
  throw new SimclrError('ERR_SIMCLR_DOWNLOAD', `${requirement}: ${firstError(words)}`)
}

/** pip's first ERROR line: the later ones are advice. */
function firstError(words: string): string {
  const lines = words.split('\n').filter((line) => line.trim() !== '')
  const error = lines.find((line) => line.startsWith('ERROR:'))?.slice('ERROR: '.length) ?? lines.at(-1)
  return error?.replace(/ \(from versions:.*\)/, '') ?? 'pip failed and said nothing'
}
