/** Two workers of a cluster, each of which tries to lock the folder named on the command line and asks for a port: what they had. */
import cluster from 'node:cluster'
import { tryLock } from '../../lib/io/lock.ts'
import { freePort } from '../../lib/io/port.ts'

if (cluster.isPrimary) {
  const locks: boolean[] = []
  const ports: number[] = []
  for (let i = 0; i < 2; i++) {
    const worker = cluster.fork()
    worker.on('message', ({ lock, port }: { lock: boolean; port: number }) => {
      locks.push(lock)
      ports.push(port)
      if (locks.length < 2) return
      process.send!({ locks, ports })
      for (const one of Object.values(cluster.workers!)) one!.kill('SIGKILL')
      process.disconnect()
    })
  }
} else {
  const lock = await tryLock(process.argv[2]!)
  process.send!({ lock: lock !== null, port: await freePort() })
}
