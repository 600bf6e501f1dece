/** The report of a run under way, over a local port; its curves follow the run. */
import { once } from 'node:events'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { SimclrError } from '../addon/errors.ts'
import { curves, type ImageSections, page } from './page.ts'
import { orWhyNot, readRun, readSections } from './report.ts'
import { SectionCache } from './section-cache.ts'

export interface Watch {
  /** Where the page is, e.g. `http://127.0.0.1:8123/`. */
  url: string
  close(): Promise<void>
}

/**
 * Serves a run folder on this machine alone. `port` 0 takes a free one. Throws ERR_SIMCLR_IO where it is no run, or
 * the port cannot be had.
 */
export async function watchRun(folder: string, port = 0): Promise<Watch> {
  await readRun(folder)
  const sections = new SectionCache(folder, async (signal) =>
    readSections(folder, (await readRun(folder)).config, { signal }),
  )
  const server = createServer((request, response) => {
    respond(folder, sections, request, response).catch((error: Error) =>
      send(response, 500, error.message, 'text/plain'),
    )
  })
  await listen(server, port)
  const address = server.address() as AddressInfo
  return {
    url: `http://127.0.0.1:${address.port}/`,
    async close() {
      const closed = once(server, 'close')
      server.close()
      server.closeAllConnections()
      await Promise.all([closed, sections.close()])
    },
  }
}

async function listen(server: Server, port: number): Promise<void> {
  const listening = once(server, 'listening') // rejects on 'error'
  server.listen(port, '127.0.0.1')
  try {
    await listening
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException
    const why = code === 'EADDRINUSE' ? 'it is taken' : message
    throw new SimclrError(
      'ERR_SIMCLR_IO',
      `Expected a port to listen on but ${port} cannot be had: ${why}. Choose another, or 0 for a free one.`,
      { cause: error },
    )
  }
}

async function respond(
  folder: string,
  sections: SectionCache<ImageSections | null>,
  { headers, url, socket }: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  // A page of another site can have its own name lead here (DNS rebinding); the name is what gives it away.
  if (!ownHosts(socket.localPort!).includes(headers.host ?? '')) {
    return send(response, 403, `There is no ${headers.host} here.`, 'text/plain')
  }
  if (url === '/') {
    const run = await readRun(folder)
    const images = await orWhyNot(sections.get())
    return send(response, 200, page({ folder, ...run, images, live: true }), 'text/html')
  }
  if (url === '/curves') {
    const { config, metrics } = await readRun(folder)
    return send(response, 200, curves(config, metrics), 'text/html')
  }
  return send(response, 404, 'There is only the page itself.', 'text/plain')
}

/** Browsers leave port 80 out. */
function ownHosts(port: number): string[] {
  return ['127.0.0.1', 'localhost'].flatMap((name) => [`${name}:${port}`, ...(port === 80 ? [name] : [])])
}

function send(response: ServerResponse, status: number, body: string, type: string): void {
  response
    .writeHead(status, { 'content-type': `${type}; charset=utf-8`, 'cache-control': 'no-store' })
    .end(body)
}
