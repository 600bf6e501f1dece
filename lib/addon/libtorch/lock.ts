/**
 * One installer at a time on this machine: an abstract Unix socket whose name is taken. The kernel gives it
 * back when its process ends, however it ends, so there is no stale lock to break.
 *
 * It saves a second download, no more: safety comes from unpacking beside the target and renaming, so
 * installers that cannot see each other (containers sharing a folder) do no harm either.
 */
import { createHash } from 'node:crypto'
import net from 'node:net'

export interface Lock {
  release(): Promise<void>
}

/** Waits for the lock of `folder`. `onWait` is told once if another process holds it. */
export async function acquireLock(folder: string, onWait: () => void, signal?: AbortSignal): Promise<Lock> {
  const name = `\0simclr-${createHash('sha256').update(folder).digest('hex').slice(0, 32)}`
  let waited = false
  for (;;) {
    signal?.throwIfAborted()
    const lock = await tryListen(name)
    if (lock) return lock
    if (!waited) onWait()
    waited = true
    await holderGone(name, signal)
  }
}

/** Takes the name; null where it is taken. */
function tryListen(name: string): Promise<Lock | null> {
  return new Promise((resolve, reject) => {
    const waiting = new Set<net.Socket>()
    const server = net.createServer((socket) => {
      waiting.add(socket)
      socket.on('error', () => {}).on('close', () => waiting.delete(socket))
    })
    const release = () =>
      new Promise<void>((done) => {
        server.close(() => done())
        for (const socket of waiting) socket.destroy() // tells whoever waits
      })
    server.once('error', (error: NodeJS.ErrnoException) =>
      error.code === 'EADDRINUSE' ? resolve(null) : reject(error),
    )
    server.listen(name, () => resolve({ release }))
  })
}

/** Resolves when the process that holds the name lets go of it or ends. */
function holderGone(name: string, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const socket = net.connect(name)
    const onAbort = () => {
      socket.destroy()
      reject(signal?.reason)
    }
    signal?.addEventListener('abort', onAbort, { once: true })
    socket.on('error', () => {})
    socket.on('close', () => {
      signal?.removeEventListener('abort', onAbort)
      resolve()
    })
  })
}
