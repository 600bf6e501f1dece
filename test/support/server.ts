/** A file server on the loopback that misbehaves on request. */
import http from 'node:http'
import type { AddressInfo } from 'node:net'

export interface Misbehaviour {
  /** Breaks the connection when so many bytes of an answer have come (`came` is told), for each of the first `times`. */
  cut?: { after: number; times: number }
  /** Answers every request with this status. */
  status?: number
  etag?: string
  /** Milliseconds before each answer. */
  delay?: number
  /** Answers once this is settled. */
  until?: Promise<unknown>
}

export interface FileServer {
  /** Address of the file. */
  url: string
  /** Address that redirects to it. */
  redirect: string
  /** What each request asked for: its Range header, or `all`. */
  requests: string[]
  set(how: Misbehaviour): void
  /** For a download's `onProgress`: what has been written, of the whole file. */
  came(bytes: number): void
  [Symbol.asyncDispose](): Promise<void>
}

/** Serves `bytes` under any path, with Range, If-Range and ETag as HTTP has them. */
export async function serveFile(bytes: Buffer, how: Misbehaviour = {}): Promise<FileServer> {
  let manner = how
  let cuts = 0
  let cut: { at: number; response: http.ServerResponse } | null = null
  const requests: string[] = []
  const server = http.createServer(async (request, response) => {
    if (request.url?.startsWith('/redirect')) {
      response.writeHead(302, { location: '/torch.whl' }).end()
      return
    }
    requests.push(request.headers.range ?? 'all')
    await manner.until
    if (manner.delay) await new Promise((resolve) => setTimeout(resolve, manner.delay))
    if (manner.status) {
      response.writeHead(manner.status).end()
      return
    }
    const etag = manner.etag ?? '"one"'
    const same = request.headers['if-range'] === undefined || request.headers['if-range'] === etag
    const from = same ? Number(/^bytes=(\d+)-$/.exec(request.headers.range ?? '')?.[1] ?? 0) : 0
    if (from > 0 && from >= bytes.length) {
      response.writeHead(416).end()
      return
    }
    const rest = bytes.subarray(from)
    const headers = { etag, 'content-length': rest.length }
    response.writeHead(from > 0 ? 206 : 200, headers)
    if (manner.cut && cuts < manner.cut.times) {
      cuts += 1
      cut = { at: from + manner.cut.after, response }
      response.write(rest.subarray(0, manner.cut.after))
    } else {
      response.end(rest)
    }
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  return {
    url: `${base}/torch.whl`,
    redirect: `${base}/redirect`,
    requests,
    set: (next) => {
      manner = next
    },
    came: (bytes) => {
      if (cut !== null && bytes >= cut.at) cut.response.destroy()
    },
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}
