/** One file over HTTP into one file on disk: resumed where it broke off, complete or not there at all. */
import { createHash } from 'node:crypto'
import fs from 'node:fs'
import { dirname } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { setTimeout as sleep } from 'node:timers/promises'
import { SimclrError } from '../addon/errors.ts'
import { syncFolder } from './atomic.ts'
import { checkOutput, output, outputError } from './output.ts'

export interface DownloadOptions {
  /** Told after every chunk; `total` is null where the server does not say. */
  onProgress?: ((bytes: number, total: number | null) => void) | undefined
  signal?: AbortSignal | undefined
  /** Times a broken connection or a busy server is tried again. Default 4. */
  retries?: number | undefined
  /** Milliseconds before the first retry, doubled each time. Default 500. */
  backoff?: number | undefined
}

/**
 * Downloads `url` to `file`. The part so far is kept in `file.part`, also when this throws: the next call goes
 * on from there if the server still has the same file (ETag or Last-Modified). Follows redirects, but not from
 * https to http. Throws ERR_SIMCLR_DOWNLOAD, and at once ERR_SIMCLR_IO where the disk is what fails.
 */
export async function download(url: string, file: string, options: DownloadOptions = {}): Promise<void> {
  await checkOutput(file)
  const retries = options.retries ?? 4
  for (let attempt = 0; ; attempt += 1) {
    try {
      await fetchRest(url, file, options)
      break
    } catch (error) {
      options.signal?.throwIfAborted()
      const final = error instanceof SimclrError // the server has said no, or the disk
      if (final || attempt === retries) throw final ? error : cutOff(url, error)
      const pause = sleep((options.backoff ?? 500) * 2 ** attempt, undefined, { signal: options.signal })
      await pause.catch(() => {}) // an abort, whose reason it hides
      options.signal?.throwIfAborted()
    }
  }
  await output(file, async () => {
    await fs.promises.rename(`${file}.part`, file)
    await syncFolder(dirname(file))
  })
  fs.rmSync(`${file}.part.json`, { force: true })
}

/** SHA-256 of a file, in hexadecimal. */
export async function sha256(file: string): Promise<string> {
  const hash = createHash('sha256')
  await pipeline(fs.createReadStream(file, { highWaterMark: 1 << 20 }), hash)
  return hash.digest('hex')
}

/** One request: the rest of the file if there is a part of the same version, else all of it. */
async function fetchRest(url: string, file: string, options: DownloadOptions): Promise<void> {
  const part = `${file}.part`
  const validator = readValidator(file, url)
  const have = validator === null ? 0 : (fs.statSync(part, { throwIfNoEntry: false })?.size ?? 0)
  const headers: Record<string, string> = { 'accept-encoding': 'identity' }
  if (have > 0 && validator !== null)
    Object.assign(headers, { range: `bytes=${have}-`, 'if-range': validator })
  const response = await fetch(url, { headers, signal: options.signal ?? null })
  if (response.status === 416) {
    // The part is as long as the file, or longer: not this file.
    fs.rmSync(part, { force: true })
    throw new Error(`the server has nothing after byte ${have}`)
  }
  if (response.status === 429 || response.status >= 500) throw new Error(`HTTP ${response.status}`)
  if (!response.ok || response.body === null) {
    throw new SimclrError(
      'ERR_SIMCLR_DOWNLOAD',
      `Expected ${url} to be there but the server answered ${response.status} ${response.statusText}. ` +
        'Check the address, or name another source.',
    )
  }
  if (url.startsWith('https:') && !response.url.startsWith('https:')) {
    throw new SimclrError(
      'ERR_SIMCLR_DOWNLOAD',
      `${url} redirects to ${response.url}, which is not encrypted. Name a source that stays on https.`,
    )
  }
  const resumed = response.status === 206
  const start = resumed ? have : 0
  const length = response.headers.get('content-length')
  const total = length === null ? null : start + Number(length)

  let bytes = start
  const out = await output(part, async () => {
    writeValidator(file, url, response.headers)
    return fs.promises.open(part, resumed ? 'a' : 'w')
  })
  try {
    // Not a stream: after an abort one may still write, under the feet of the call that goes on.
    for await (const chunk of response.body) {
      // All of it, whatever write(2) takes at once.
      await out.appendFile(chunk).catch((error) => Promise.reject(outputError(part, error)))
      bytes += chunk.length
      options.onProgress?.(bytes, total)
    }
    await output(part, () => out.sync())
  } finally {
    await out.close()
  }
  if (total !== null && bytes !== total) throw new Error(`${bytes} of ${total} bytes came`)
}

/** What identifies the version of the file that a part is of, if a part of this address is there. */
function readValidator(file: string, url: string): string | null {
  try {
    const said = JSON.parse(fs.readFileSync(`${file}.part.json`, 'utf8')) as {
      url: string
      validator: string | null
    }
    return said.url === url ? said.validator : null
  } catch {
    return null
  }
}

function writeValidator(file: string, url: string, headers: Headers): void {
  const etag = headers.get('etag')
  // A weak ETag does not promise the same bytes.
  const validator = etag !== null && !etag.startsWith('W/') ? etag : headers.get('last-modified')
  fs.writeFileSync(`${file}.part.json`, JSON.stringify({ url, validator }))
}

function cutOff(url: string, cause: unknown): SimclrError {
  const reason =
    cause instanceof Error
      ? [cause.message, cause.cause instanceof Error ? cause.cause.message : '']
      : [String(cause)]
  return new SimclrError(
    'ERR_SIMCLR_DOWNLOAD',
    `The download of ${url} broke off: ${reason.filter(Boolean).join(', ')}. What came is kept: run the command again to go on.`,
    { cause },
  )
}
