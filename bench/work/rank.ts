/** One rank of bench/work/ranks.ts: takes steps when told to, and says how long they took. */
import type { LearnerSpec, NativeTensor } from '../../lib/addon/interface.ts'
import { loadAddon } from '../../lib/addon/load.ts'

/** How ranks of one machine meet: in memory that they share, or as those of several machines do, in Gloo's sockets. */
export type Way = 'memory' | 'sockets'

export interface RankWork {
  rank: number
  size: number
  way: Way
  port: number
  spec: LearnerSpec
  views: NativeTensor
}

export interface Taken {
  seconds: number
  /** Of one step, and of this rank. */
  collectives: number
  bytes: number
}

process.once('message', async ({ rank, size, way, port, spec, views }: RankWork) => {
  const addon = loadAddon()
  const group = new addon.Group({
    ...{ rank, size, localSize: way === 'sockets' ? 1 : size, host: '127.0.0.1', port },
    ...{ servesStore: rank === 0, storeOutlives: false, generation: '0', timeoutSeconds: 60 },
  })
  await group.join('')
  await group.connect()
  const learner = new addon.Learner({ ...spec, group })
  process.on('message', async (steps: number) => {
    const before = group.traffic
    let seconds = 0
    for (let i = 0; i < steps; i++) seconds += (await learner.stepViews(views, null, 0.01)).stepSeconds
    const { collectives, bytes } = group.traffic
    process.send!({
      seconds,
      collectives: (collectives - before.collectives) / steps,
      bytes: (bytes - before.bytes) / steps,
    } satisfies Taken)
  })
  process.send!('ready')
})
