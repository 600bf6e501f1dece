/** The report of a run under way, over a local port; its curves follow the run. */
import { createServer, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { curves } from './page.ts'
import { readRun, renderReport } from './report.ts'

export interface Watch {
  /** Where the page is, e.g. `http://127.0.0.1:8123/`. */
  url: string
  close(): Promise<void>
}

/** Serves a run folder on this machine alone. `port` 0 takes a free one. Throws ERR_SIMCLR_IO where it is no run. */
export async function watchRun(folder: string, port = 0): Promise<Watch> {
  await readRun(folder)
  const server = createServer((request, response) => {
    respond(folder, request.url ?? '/', response).catch((error: Error) =>
      send(response, 500, error.message, 'text/plain'),
    )
  })
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject).listen(port, '127.0.0.1', resolve)
  })
  const address = server.address() as AddressInfo
  return { url: `http://127.0.0.1:${address.port}/`, close: () => closed(server) }
}

async function respond(folder: string, url: string, response: ServerResponse): Promise<void> {
  if (url === '/') return send(response, 200, await renderReport(folder, { live: true }), 'text/html')
  if (url === '/curves') {
    const { config, metrics } = await readRun(folder)
    return send(response, 200, curves(config, metrics), 'text/html')
  }
  return send(response, 404, 'There is only the page itself.', 'text/plain')
}

function send(response: ServerResponse, status: number, body: string, type: string): void {
  response
    .writeHead(status, { 'content-type': `${type}; charset=utf-8`, 'cache-control': 'no-store' })
    .end(body)
}

function closed(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve())
    server.closeAllConnections()
  })
}
