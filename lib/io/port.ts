/** TCP ports of this machine. */
import { createServer } from 'node:net'

/** One of the loopback's that nobody listens on now. */
export async function freePort(): Promise<number> {
  const server = createServer()
  await new Promise<void>((listening, failed) => {
    // Exclusive: all workers of a cluster would be given one and the same.
    server.once('error', failed).listen({ port: 0, host: '127.0.0.1', exclusive: true }, listening)
  })
  const { port } = server.address() as { port: number }
  await new Promise((closed) => server.close(closed))
  return port
}
