/** Calls that want a thread, in a process that may start none any more; prints what each is told, as JSON. */
import { execFileSync } from 'node:child_process'
import { loadAddon } from '../../lib/addon/load.ts'

const { ImageStore, knn, machineLimits, Group } = loadAddon()
const store = new ImageStore(4)
execFileSync('prlimit', ['--pid', `${process.pid}`, '--nproc=1:1'])
// Root has no such limit.
if (process.getuid?.() === 0) {
  process.setgid!(65533)
  process.setuid!(65533)
}

const row = Float32Array.of(1, 0)
const spec = {
  size: 1,
  rank: 0,
  localSize: 1,
  host: '127.0.0.1',
  port: 1,
  servesStore: true,
  storeOutlives: false,
  generation: '',
}
const scenes = { seed: 0, first: 0, count: 4, size: 32 }
const calls = {
  fillScenes: () => store.fillScenes(scenes),
  again: () => store.fillScenes(scenes),
  has: () => store.has(0),
  knn: () => knn(row, Int32Array.of(0), row, { dim: 2, classes: 1, k: 1, temperature: 1 }),
  machineLimits: () => machineLimits(1),
  Group: () => new Group({ ...spec, timeoutSeconds: 1 }),
}
const told: Record<string, unknown> = {}
for (const [name, call] of Object.entries(calls)) {
  try {
    told[name] = await call()
  } catch (error) {
    const { code, message } = error as Error & { code: string }
    told[name] = { code, message }
  }
}
process.stdout.write(JSON.stringify(told))
process.exit(0)
