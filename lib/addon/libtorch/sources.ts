/**
 * Gets the files of a release. Torch's: a file or a folder of wheels the caller has, addresses the caller names, or the
 * table's: pip's configured sources, PyTorch's own index through pip, PyTorch's archive. It is hashed, the hash compared
 * with the table and its kind checked before anything is made of it. NVIDIA's wheels, for CUDA: from that folder, or pip's
 * configured sources, which vouch for them; their hashes are written down.
 */
import fs from 'node:fs'
import path from 'node:path'
import { download, sha256 } from '../../io/download.ts'
import { SimclrError } from '../errors.ts'
import { type Part, wheelsOf } from './parts.ts'
import { cacheFolder, releaseFolder } from './paths.ts'
import { findPip, needPip, pipCommand, pipDownload } from './pip.ts'
import { installCommand } from './resolve.ts'
import { listEntries } from './unpack.ts'
import type { LibtorchRelease } from './versions.ts'

export interface FetchOptions {
  /** Default `all`. */
  part?: Part | undefined
  /** Torch's wheel or archive on disk, or a folder with all wheels that a part takes, instead of a download. */
  from?: string | undefined
  /** Addresses of a wheel or archive, tried in order instead of the table's sources. */
  sources?: string[] | undefined
  /** Expected SHA-256 of torch's file; by default one of the table's, where it has any. */
  sha256?: string | undefined
  onProgress?: ((phase: 'download' | 'unpack', bytes: number, total: number | null) => void) | undefined
  onMessage?: ((text: string) => void) | undefined
  signal?: AbortSignal | undefined
}

/** A checked file. */
export interface ReleaseFile {
  file: string
  /** Where it came from, for `libtorch.json` and for people. */
  source: string
  sha256: string
  /** The hash is the caller's or the table's; false: nobody vouched for it but its source. */
  verified: boolean
}

/**
 * Where downloads of a part are kept until they are unpacked; a broken one goes on from there. Each part has its own:
 * two of them may be installed at once, and each removes what it has unpacked.
 */
export function downloadFolder(release: LibtorchRelease, part: Part = 'all'): string {
  const name = path.basename(releaseFolder(release.version, release.variant, part))
  return path.join(cacheFolder(), 'downloads', name)
}

/** Bytes that getting a part will write, about: what pip takes from a folder is copied. */
export function bytesToFetch(release: LibtorchRelease, { from }: FetchOptions): number {
  const here = from === undefined ? undefined : fs.statSync(from, { throwIfNoEntry: false })
  return Math.max(0, release.downloadBytes - (here?.isFile() ? here.size : 0))
}

/** Torch's own file, then NVIDIA's wheels. Throws ERR_SIMCLR_DOWNLOAD, _IO, _TOOL or _USAGE. */
export async function fetchRelease(release: LibtorchRelease, options: FetchOptions): Promise<ReleaseFile[]> {
  if (options.from !== undefined && isFolder(options.from)) return fromFolder(release, options.from, options)
  const wheels = wheelsOf(release, options.part ?? 'all')
  if (wheels.length > 0) needPip() // before gigabytes of torch's, which need none
  const files = [await fetchTorch(release, options)]
  for (const [i, requirement] of wheels.entries()) {
    options.onMessage?.(`Getting ${requirement} from pip's configured sources`)
    try {
      const file = await pipDownload(requirement, wheelFolder(release, options, i), {
        signal: options.signal,
      })
      files.push({ file, source: `pip ${requirement}`, sha256: await sha256(file), verified: false })
    } catch (error) {
      options.signal?.throwIfAborted()
      if (!isDownloadError(error)) throw error
      const message = `${error.message}\n${withoutNetwork(release, options.part)}`
      throw new SimclrError('ERR_SIMCLR_DOWNLOAD', message, { cause: error })
    }
  }
  return files
}

function wheelFolder(release: LibtorchRelease, { part }: FetchOptions, i: number): string {
  return path.join(downloadFolder(release, part), `wheel${i}`)
}

/** Throws ERR_SIMCLR_IO where there is nothing. */
function isFolder(from: string): boolean {
  const found = fs.statSync(from, { throwIfNoEntry: false })
  if (found !== undefined) return found.isDirectory()
  throw new SimclrError(
    'ERR_SIMCLR_IO',
    `Expected a torch wheel, a LibTorch archive or a folder of wheels for --from but there is nothing at ${from}. ` +
      'Name one that is there.',
  )
}

/** All wheels of a part from a folder that the caller has; what it lacks is named at once. */
async function fromFolder(
  release: LibtorchRelease,
  from: string,
  options: FetchOptions,
): Promise<ReleaseFile[]> {
  const links = path.resolve(from)
  const files: ReleaseFile[] = []
  const lacking: string[] = []
  for (const [i, requirement] of [release.torch, ...wheelsOf(release, options.part ?? 'all')].entries()) {
    options.onMessage?.(`Taking ${requirement} from ${from}`)
    try {
      const to = wheelFolder(release, options, i)
      const file = await pipDownload(requirement, to, { links, signal: options.signal })
      const source = `${from}: ${path.basename(file)}`
      if (i === 0) files.push(await check(file, { name: from, foreign: false }, release, options))
      else files.push({ file, source, sha256: await sha256(file), verified: false })
    } catch (error) {
      options.signal?.throwIfAborted()
      if (!isDownloadError(error)) throw error
      lacking.push(error.message)
    }
  }
  if (lacking.length === 0) return files
  throw new SimclrError(
    'ERR_SIMCLR_DOWNLOAD',
    `Expected the wheels of LibTorch ${release.version} (${release.variant}) in ${from} but it lacks:\n` +
      `${lacking.map((line) => `  ${line}`).join('\n')}\n${withoutNetwork(release, options.part)}`,
  )
}

function isDownloadError(error: unknown): error is SimclrError {
  return error instanceof SimclrError && error.code === 'ERR_SIMCLR_DOWNLOAD'
}

/** What brings a release to a machine without a network. */
function withoutNetwork(release: LibtorchRelease, part: Part = 'all'): string {
  const install = installCommand(release.variant, release.version) + (part === 'all' ? '' : ` --part ${part}`)
  const wheels = wheelsOf(release, part)
  if (wheels.length === 0)
    return `Without a network, bring a wheel or an archive of it and name it: ${install} --from FILE`
  return (
    `Without a network, fill a folder on a machine that has one:\n` +
    `  ${pipCommand([release.torch, ...wheels], 'FOLDER', release.index)}\nBring it and name it: ${install} --from FOLDER`
  )
}

/** A way to get torch's file; throws ERR_SIMCLR_DOWNLOAD where it does not work. */
interface Source {
  name: string
  get(): Promise<string>
  /** Named by the caller: without a known hash it is not trusted. */
  foreign: boolean
}

async function fetchTorch(release: LibtorchRelease, options: FetchOptions): Promise<ReleaseFile> {
  if (options.from !== undefined) {
    return check(options.from, { name: options.from, foreign: false }, release, options)
  }
  const failures: string[] = []
  let failure: unknown
  for (const source of options.sources
    ? named(options.sources, release, options)
    : official(release, options)) {
    try {
      options.onMessage?.(`Getting LibTorch ${release.version} (${release.variant}) from ${source.name}`)
      const file = await source.get()
      try {
        return await check(file, source, release, options)
      } catch (error) {
        fs.rmSync(file, { force: true }) // not what was wanted: never go on from it
        throw error
      }
    } catch (error) {
      options.signal?.throwIfAborted()
      if (!(error instanceof SimclrError) || error.code === 'ERR_SIMCLR_IO') throw error // no source mends a disk
      options.onMessage?.(`  ${error.message}`)
      failures.push(`  ${source.name}: ${error.message}`)
      failure = error
    }
  }
  throw new SimclrError(
    'ERR_SIMCLR_DOWNLOAD',
    `No source gave LibTorch ${release.version} (${release.variant}):\n${failures.join('\n')}\n` +
      withoutNetwork(release, options.part),
    { cause: failure },
  )
}

function* official(release: LibtorchRelease, options: FetchOptions): Generator<Source> {
  const pip = (name: string, index?: string): Source => ({
    name,
    foreign: false,
    get: () =>
      pipDownload(release.torch, path.join(downloadFolder(release, options.part), 'pip'), {
        index,
        signal: options.signal,
      }),
  })
  yield pip(`pip's configured sources`)
  // Without pip the first one has said so.
  if (findPip() !== null) yield pip(`pip with ${release.index}`, release.index)
  yield http(release.archive, release, options, false)
}

function named(urls: string[], release: LibtorchRelease, options: FetchOptions): Source[] {
  const wrong = urls.find((url) => !URL.canParse(url) || !/^https?:$/.test(new URL(url).protocol))
  if (wrong === undefined) return urls.map((url) => http(url, release, options, true))
  throw new SimclrError(
    'ERR_SIMCLR_USAGE',
    `Expected an address such as https://host/torch.whl for --source but received '${wrong}'. ` +
      'A file that is here goes to --from.',
  )
}

function http(url: string, release: LibtorchRelease, options: FetchOptions, foreign: boolean): Source {
  const file = path.join(
    downloadFolder(release, options.part),
    path.basename(new URL(url).pathname) || 'libtorch.zip',
  )
  const onProgress = (bytes: number, total: number | null) => options.onProgress?.('download', bytes, total)
  return {
    name: url,
    foreign,
    get: async () => {
      await download(url, file, { onProgress, signal: options.signal })
      return file
    },
  }
}

/** Hash and kind of a file; the hash first, so that nothing unknown is parsed where one is expected. */
async function check(
  file: string,
  source: Pick<Source, 'name' | 'foreign'>,
  release: LibtorchRelease,
  options: FetchOptions,
): Promise<ReleaseFile> {
  const hash = await sha256(file)
  const known = release.hashes.find((h) => h.sha256 === hash)
  if (options.sha256 !== undefined && options.sha256.toLowerCase() !== hash) {
    throw new SimclrError(
      'ERR_SIMCLR_DOWNLOAD',
      `Expected a file with SHA-256 ${options.sha256.toLowerCase()} but received one with ${hash}.`,
    )
  }
  const verified = known !== undefined || options.sha256 !== undefined
  if (!verified && source.foreign) {
    throw new SimclrError(
      'ERR_SIMCLR_DOWNLOAD',
      `Expected a file whose SHA-256 is in the table but received one with ${hash}. ` +
        `If that is the file you mean, say so: --sha256 ${hash}`,
    )
  }
  if (!verified) {
    options.onMessage?.(
      `  not verified: its SHA-256 ${hash} is not in the table; ${source.name} alone vouches for it`,
    )
  }
  await checkKind(file, release)
  return { file, source: source.name, sha256: hash, verified }
}

/** Refuses what is no LibTorch, and one for CUDA where a CPU build is wanted, and the other way round. */
async function checkKind(file: string, release: LibtorchRelease): Promise<void> {
  const names = await listEntries(file)
  const has = (library: string) =>
    names.some((n) => /^(torch|libtorch)\/lib\//.test(n) && n.endsWith(`/${library}`))
  const wrong = (what: string) =>
    new SimclrError(
      'ERR_SIMCLR_DOWNLOAD',
      `Expected LibTorch ${release.version} for ${release.variant} but ${path.basename(file)} ${what}.`,
    )
  if (!has('libtorch_cpu.so')) throw wrong('holds no LibTorch')
  const cuda = has('libtorch_cuda.so')
  if (cuda && release.variant === 'cpu') throw wrong('is a CUDA build (it holds libtorch_cuda.so)')
  if (!cuda && release.variant !== 'cpu') throw wrong('is a CPU build (it holds no libtorch_cuda.so)')
}
