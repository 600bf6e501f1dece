/** TCP ports of this machine. */
import { createServer, type Server } from 'node:net'

/** Listens on a port of the loopback that nobody else has. */
export async function listenLocally(): Promise<Server> {
  const server = createServer()
  await new Promise<void>((listening, failed) => {
    // Exclusive: all workers of a cluster would be given one and the same.
    server.once('error', failed).listen({ port: 0, host: '127.0.0.1', exclusive: true }, listening)
  })
  return server
}

export function portOf(server: Server): number {
  return (server.address() as { port: number }).port
}

/**
 * The server's socket, for the `stdio` of a child that is to serve there: so the port is never free in between, as one that
 * was only looked for is. Node has it, and no public name for it.
 */
export function socketOf(server: Server): number {
  return (server as unknown as { _handle: { fd: number } })._handle.fd
}

/** A port that nobody listens on now, for a server that is told of it; somebody else may be there first. */
export async function freePort(): Promise<number> {
  const server = await listenLocally()
  const port = portOf(server)
  await new Promise((closed) => server.close(closed))
  return port
}
