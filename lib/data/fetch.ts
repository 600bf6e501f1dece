/** Downloads a well-known set: resumed where it broke off, checked, unpacked beside its place and then renamed. */
import { createReadStream } from 'node:fs'
import { mkdir, rename, rm, writeFile } from 'node:fs/promises'
import { basename, join, resolve } from 'node:path'
import { SimclrError } from '../addon/errors.ts'
import { expected, nearest } from '../config/messages.ts'
import { syncFolder } from '../io/atomic.ts'
import { download, sha256 } from '../io/download.ts'
import { exists } from '../io/exists.ts'
import { makeFolder } from '../io/folder.ts'
import { acquireLock } from '../io/lock.ts'
import { checkOutput } from '../io/output.ts'
import { requireSpace } from '../io/space.ts'
import { type CatalogFile, type CatalogSet, catalog } from './catalog.ts'
import { tarFiles } from './sources/archive.ts'

export interface FetchOptions {
  /** An address that holds the set's files, instead of their own places. */
  source?: string | undefined
  signal?: AbortSignal | undefined
  onProgress?: ((file: string, bytes: number, total: number) => void) | undefined
  onMessage?: ((text: string) => void) | undefined
  /** Milliseconds before a broken download is tried again, doubled each time. Default 500. */
  backoff?: number | undefined
}

export interface Fetched {
  /** Where the set now is. */
  folder: string
  /** What `open` takes: the set's parts. */
  opens: string[]
  /** It was there; nothing had to be done. */
  already: boolean
}

/** A set of the catalogue by name. Throws ERR_SIMCLR_USAGE. */
export function catalogSet(name: string): CatalogSet {
  const found = catalog.find((set) => set.name === name)
  if (found) return found
  const names = catalog.map((set) => set.name)
  const near = nearest(name, names)
  const advice = near ? `Did you mean \`${near}\`?` : `There are ${names.join(', ')}.`
  throw new SimclrError('ERR_SIMCLR_USAGE', expected('the name of a known set', 'name', name, advice))
}

/**
 * Puts a set into `into`. Errors: ERR_SIMCLR_DOWNLOAD (what came is kept, and the next call goes on from there;
 * a file with the wrong hash is removed), ERR_SIMCLR_IO, ERR_SIMCLR_CORRUPT_FILE.
 */
export async function fetchSet(set: CatalogSet, into: string, options: FetchOptions = {}): Promise<Fetched> {
  const folder = join(into, set.folder)
  const done = (already: boolean): Fetched => ({
    folder,
    opens: set.opens.map((spec) => spec.replaceAll('DIR', into)),
    already,
  })
  if (await exists(folder)) return done(true)
  await makeInto(into)
  await checkOutput(folder)
  const onWait = () => options.onMessage?.('Another process is fetching this set: waiting for it')
  const lock = await acquireLock(resolve(folder), onWait, options.signal)
  const partial = `${folder}.partial`
  try {
    if (await exists(folder)) return done(true)
    await requireSpace(into, neededBytes(set), { what: set.name, advice: 'choose another folder' })
    const files: string[] = []
    for (const file of set.files) files.push(await fetchFile(file, into, options))
    await rm(partial, { recursive: true, force: true })
    await mkdir(partial)
    for (const file of files) {
      if (set.archive) await unpack(file, set.folder, partial, options.signal)
      else await rename(file, join(partial, basename(file)))
    }
    await syncFolder(partial)
    await rename(partial, folder)
    await syncFolder(into)
    for (const file of files) await rm(file, { force: true })
    return done(false)
  } finally {
    await rm(partial, { recursive: true, force: true })
    await lock.release()
  }
}

async function fetchFile(file: CatalogFile, into: string, options: FetchOptions): Promise<string> {
  const name = basename(new URL(file.url).pathname)
  const path = join(into, name)
  if (!(await exists(path))) {
    const url = options.source ? `${options.source.replace(/\/$/, '')}/${name}` : file.url
    await download(url, path, {
      signal: options.signal,
      backoff: options.backoff,
      onProgress: (bytes) => options.onProgress?.(name, bytes, file.bytes),
    })
  }
  const hash = await sha256(path)
  if (hash === file.sha256) return path
  await rm(path)
  throw new SimclrError(
    'ERR_SIMCLR_DOWNLOAD',
    `Expected ${name} with SHA-256 ${file.sha256} but what came has ${hash}. It has been removed; try again, or ` +
      'another source.',
  )
}

/** The regular files of `folder` inside the archive; what lies elsewhere, or climbs out, is left. */
async function unpack(archive: string, folder: string, to: string, signal?: AbortSignal): Promise<void> {
  const bytes = createReadStream(archive, { highWaterMark: 1 << 20 })
  try {
    for await (const member of tarFiles(bytes, true)) {
      signal?.throwIfAborted()
      const [parent, name, ...deeper] = member.name.split('/')
      if (parent !== folder || !name || name === '..' || deeper.length > 0) continue
      await writeFile(join(to, name), member.stream(), { flush: true })
    }
  } catch (cause) {
    signal?.throwIfAborted()
    throw new SimclrError(
      'ERR_SIMCLR_CORRUPT_FILE',
      `${archive} cannot be unpacked: ${(cause as Error).message}.`,
      {
        cause,
      },
    )
  }
}

async function makeInto(folder: string): Promise<void> {
  try {
    await makeFolder(folder)
  } catch (cause) {
    throw new SimclrError('ERR_SIMCLR_IO', `${folder} cannot be made: ${(cause as Error).message}.`, {
      cause,
    })
  }
}

/** Of disk space: for archives and for what they hold, which is a little more. */
function neededBytes({ files, archive }: CatalogSet): number {
  const bytes = files.reduce((sum, file) => sum + file.bytes, 0)
  return archive ? 2.2 * bytes : bytes
}
