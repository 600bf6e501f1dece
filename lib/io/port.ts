/** TCP ports of this machine. */
import { createServer } from 'node:net'

/** One of the loopback's that nobody listens on now. */
export async function freePort(): Promise<number> {
  const server = createServer()
  await new Promise<void>((listening, failed) => {
    server.once('error', failed).listen(0, '127.0.0.1', listening)
  })
  const { port } = server.address() as { port: number }
  await new Promise((closed) => server.close(closed))
  return port
}
