/**
 * A live server that trains in the background: its event loop stays free, its newest encoder answers, Ctrl-C stops the
 * run with a checkpoint, and the run's crash would not be the server's.
 *
 *   node background.js DATA OUT [PORT]
 */
import http from 'node:http'
import { train } from 'simclr'

/** Starts training and a server that tells of it: { server, training, stop }. */
export function startServer(options) {
  const controller = new AbortController()
  const status = { state: 'training', step: 0, loss: null }
  const training = train({
    ...options,
    isolate: true,
    signal: controller.signal,
    onProgress: (event) => {
      if (event.type === 'step') Object.assign(status, { step: event.step + 1, loss: event.loss })
    },
  }).then(
    (run) => {
      status.state = 'done'
      return run
    },
    (error) => {
      Object.assign(status, { state: 'stopped', error: error.message, checkpoint: error.checkpoint ?? null })
      return null
    },
  )
  const server = http.createServer((_, response) => {
    response.setHeader('content-type', 'application/json')
    response.end(JSON.stringify(status))
  })
  return { server, training, stop: () => controller.abort(new Error('the server stops')) }
}

if (process.argv[1] === import.meta.filename) {
  const [data, out, port = '3000'] = process.argv.slice(2)
  const { server, training, stop } = startServer({ data, out })
  server.listen(Number(port))
  process.once('SIGINT', async () => {
    stop()
    await training
    server.close()
  })
}
