/** Unpacks a wheel or an archive of LibTorch: what building and running need, and not the rest. */
import fs from 'node:fs'
import path from 'node:path'
import { Transform } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { crc32 } from 'node:zlib'
import yauzl from 'yauzl'
import { SimclrError } from '../errors.ts'

export interface UnpackOptions {
  /** Leave libraries out, other than the compiler's own. */
  headersOnly?: boolean | undefined
  onProgress?: ((bytes: number, total: number) => void) | undefined
  signal?: AbortSignal | undefined
}

/** Libraries that only Python or PyTorch's own tests load. */
const UNUSED =
  /^torch\/lib\/lib(torch_python|shm|backend_with_compiler|jitbackend_test|torchbind_test|aoti_custom_ops)/

/** All libraries but CUDA's run time itself, which is small and which nvcc and CMake want to see. */
const LIBRARY = /^(torch|nvidia\/[^/]+)\/lib\/(?!libcuda(rt|devrt)[._])/

/**
 * Where an entry goes below the release's folder; null for one that is left out.
 * Wheels have `torch/…` (and NVIDIA's `nvidia/…`), archives `libtorch/…`.
 */
export function destination(entry: string): string | null {
  const name = entry.startsWith('libtorch/') ? `torch/${entry.slice('libtorch/'.length)}` : entry
  if (name.endsWith('/') || UNUSED.test(name)) return null
  if (/^torch\/(lib|include|share\/cmake)\//.test(name))
    return name.startsWith('torch/lib/libshm/') ? null : name
  if (/^torch\/(version\.py|build-version|build-hash)$/.test(name)) return name
  if (/^nvidia\/[^/]+\/(lib|include|bin|nvvm)\//.test(name)) return name
  if (/^[^/]+\.dist-info\/(METADATA|licenses\/.*|LICENSE.*|NOTICE.*)$/.test(name)) return `licenses/${name}`
  return null
}

/** Names of all entries, without unpacking. Throws ERR_SIMCLR_CORRUPT_FILE for what is no zip file. */
export async function listEntries(file: string): Promise<string[]> {
  const names: string[] = []
  const zip = await openZip(file)
  for await (const entry of zip.eachEntry()) names.push(entry.fileName)
  return names
}

/** Unpacks into `folder`, checking every file's CRC. Throws ERR_SIMCLR_CORRUPT_FILE. */
export async function unpack(file: string, folder: string, options: UnpackOptions = {}): Promise<void> {
  const entries: [entry: yauzl.Entry, to: string][] = []
  const zip = await openZip(file, false)
  try {
    for await (const entry of zip.eachEntry()) {
      const to = destination(entry.fileName)
      if (to !== null && !(options.headersOnly && LIBRARY.test(to)))
        entries.push([entry, path.join(folder, to)])
    }
    const total = entries.reduce((sum, [entry]) => sum + entry.uncompressedSize, 0)
    let bytes = 0
    for (const [entry, to] of entries) {
      options.signal?.throwIfAborted()
      await writeEntry(zip, entry, to, (n) => {
        bytes += n
        options.onProgress?.(bytes, total)
      })
    }
  } catch (error) {
    options.signal?.throwIfAborted()
    throw error instanceof SimclrError || isSystemError(error) ? error : corrupt(file, error)
  } finally {
    zip.close()
  }
}

async function openZip(file: string, autoClose = true): Promise<yauzl.ZipFile> {
  try {
    return await yauzl.openPromise(file, { autoClose, lazyEntries: true })
  } catch (error) {
    throw isSystemError(error) ? error : corrupt(file, error)
  }
}

async function writeEntry(
  zip: yauzl.ZipFile,
  entry: yauzl.Entry,
  to: string,
  onBytes: (n: number) => void,
): Promise<void> {
  fs.mkdirSync(path.dirname(to), { recursive: true })
  let crc = 0
  const check = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      crc = crc32(chunk, crc)
      onBytes(chunk.length)
      done(null, chunk)
    },
  })
  const executable = ((entry.externalFileAttributes >>> 16) & 0o100) !== 0
  const out = fs.createWriteStream(to, { mode: executable ? 0o755 : 0o644, highWaterMark: 1 << 20 })
  await pipeline(await zip.openReadStreamPromise(entry), check, out)
  if (crc !== entry.crc32) throw new Error(`${entry.fileName} has the wrong CRC`)
}

/** ENOSPC and the like: nothing is wrong with the file. */
export function isSystemError(error: unknown): error is Error {
  return error instanceof Error && 'syscall' in error
}

function corrupt(file: string, cause: unknown): SimclrError {
  const reason = cause instanceof Error ? cause.message : String(cause)
  return new SimclrError(
    'ERR_SIMCLR_CORRUPT_FILE',
    `Expected ${file} to be a whole zip file (a torch wheel or a LibTorch archive) but ${reason}. Download it again.`,
    { cause },
  )
}
