/**
 * What processes cost: 2 ranks with a thread each against one process with 2 threads, the same batch, over the loopback.
 * Prints collectives and bytes of a step, too.
 */
import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { createServer } from 'node:net'
import { fileURLToPath } from 'node:url'
import type { LearnerSpec } from '../lib/addon/interface.ts'
import { loadAddon } from '../lib/addon/load.ts'
import { type Benchmark, type Context, type Figure, inTurns } from './bench.ts'
import type { RankWork, Taken } from './rank.ts'
import { noise } from './views.ts'

const name = 'ranks-r18'
const batch = 128
const size = 32
const steps = 3
const ranks = 2

const spec: LearnerSpec = {
  encoder: { arch: 'resnet18', width: 1, stem: 'imagenet', convention: 'torch', skRatio: 0 },
  head: { layers: 2, dim: 128, convention: 'torch' },
  loss: { temperature: 0.5, scale: 1, normalize: true },
  optimizer: { name: 'sgd', momentum: 0.9, nesterov: false, weightDecay: 0, decayAll: true },
  classes: 0,
  precision: 'fp32',
  device: 'cpu',
  shards: 1,
  seed: 0,
}

export const ranksBenchmark: Benchmark = {
  names: [name],
  async *run(context: Context, wanted: (name: string) => boolean) {
    if (wanted(name)) yield await measure(context)
  },
}

async function measure({ rounds }: Context): Promise<Figure> {
  const learner = new (loadAddon().Learner)({ ...spec, shards: ranks })
  const views = noise(2 * batch, size)
  const children = await start()
  let taken: Taken[] = []
  try {
    const [many, one] = await inTurns(rounds, [
      async () => {
        for (const child of children) child.send(steps)
        taken = await Promise.all(children.map(async (child) => (await once(child, 'message'))[0] as Taken))
        return (steps * batch) / Math.max(...taken.map(({ seconds }) => seconds))
      },
      async () => {
        let seconds = 0
        for (let i = 0; i < steps; i++) seconds += (await learner.stepViews(views, null, 0.01)).stepSeconds
        return (steps * batch) / seconds
      },
    ])
    const { collectives, bytes } = taken[0]!
    return {
      name,
      ours: many!,
      peer: one!,
      unit: 'pairs/s',
      ratio: many! / one!,
      about:
        `resnet18, imagenet stem, ${size} px, batch ${batch}, fp32, ${ranks} processes x 1 thread; peer: 1 process x ${ranks} threads. ` +
        `A step: ${collectives} collectives, ${(bytes / 1e6).toFixed(2)} MB from each rank`,
    }
  } finally {
    for (const child of children) child.kill('SIGKILL')
    learner.dispose()
  }
}

async function start(): Promise<ChildProcess[]> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as { port: number }
  server.close()
  const children = Array.from({ length: ranks }, (_, rank) => {
    const child = fork(fileURLToPath(new URL('./rank.ts', import.meta.url)), [], {
      serialization: 'advanced',
    })
    const views = noise((2 * batch) / ranks, size)
    child.send({ rank, size: ranks, port, spec, views } satisfies RankWork)
    return child
  })
  await Promise.all(children.map((child) => once(child, 'message')))
  return children
}
