/**
 * One process at a time on this machine for a folder: an abstract Unix socket whose name is taken. The kernel
 * gives it back when its process ends, however it ends, so there is no stale lock to break. Processes in
 * different containers do not see each other's.
 */
import { createHash } from 'node:crypto'
import net from 'node:net'

export interface Lock {
  release(): Promise<void>
}

/** Takes the lock of `folder`; null where another holds it. */
export function tryLock(folder: string): Promise<Lock | null> {
  return tryListen(nameOf(folder))
}

/** Waits for the lock of `folder`. `onWait` is told once if another process holds it. */
export async function acquireLock(folder: string, onWait: () => void, signal?: AbortSignal): Promise<Lock> {
  const name = nameOf(folder)
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

function nameOf(folder: string): string {
  return `\0simclr-${createHash('sha256').update(folder).digest('hex').slice(0, 32)}`
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
    // Later ones, of a process that has no more files to open, are about those who wait and not about the lock.
    server.on('error', (error: NodeJS.ErrnoException) =>
      error.code === 'EADDRINUSE' ? resolve(null) : reject(error),
    )
    // Exclusive: the workers of a cluster share what they listen on otherwise, and would all have it.
    server.listen({ path: name, exclusive: true }, () => resolve({ release }))
    server.unref() // a lock alone keeps no process alive
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
    if (signal?.aborted) onAbort() // before there was a listener
    socket.on('error', () => {})
    socket.on('close', () => {
      signal?.removeEventListener('abort', onAbort)
      resolve()
    })
  })
}
