import { setImmediate } from 'node:timers/promises'
import { expect } from 'chai'
import type { NativeGroup } from '../../lib/addon/interface.ts'
import { loadAddon } from '../../lib/addon/load.ts'
import { freePort } from '../../lib/io/port.ts'
import { tinySpec, views } from '../learn/support.ts'

const bucketBytes = 4 << 20 // BucketOptions in native/core/dist/rank_gradients.h
const mostOfSmall = 64 << 10 // nothing else that a step of this network sends is as large, and no bucket as small

/** Two ranks in this process that meet in sockets, as those of two machines do. */
async function twoMachines(): Promise<NativeGroup[]> {
  const port = await freePort()
  const { Group } = loadAddon()
  const groups = [0, 1].map(
    (rank) =>
      new Group({
        ...{ rank, size: 2, localSize: 1, host: '127.0.0.1', port, servesStore: rank === 0 },
        ...{ storeOutlives: false, generation: '0', timeoutSeconds: 60 },
      }),
  )
  await Promise.all(groups.map((group) => group.join('')))
  await Promise.all(groups.map((group) => group.connect()))
  return groups
}

/** Bytes that a group had sent by and by while `work` went on, as often as this thread could look. */
async function watched(group: NativeGroup, work: Promise<unknown>): Promise<number[]> {
  const before = group.traffic.bytes
  let isOver = false
  const end = work.finally(() => {
    isOver = true
  })
  const seen = [0]
  while (!isOver) {
    const bytes = group.traffic.bytes - before
    if (bytes > seen.at(-1)!) seen.push(bytes)
    await setImmediate()
  }
  await end
  return seen
}

/** Small collectives, all of the backward pass, that were seen to begin after a bucket of gradients had. */
function smallAfterBucket(seen: readonly number[]): number {
  const first = seen.findIndex((bytes) => bytes >= bucketBytes)
  if (first < 0) return 0
  return seen.slice(first + 1).filter((bytes, i) => bytes - seen[first + i]! <= mostOfSmall).length
}

describe('gradients of ranks on several machines', function () {
  this.timeout(60_000)

  it('leave in buckets while the backward pass goes on: sums of BatchNorm follow the first one', async () => {
    const groups = await twoMachines()
    const { encoder } = tinySpec()
    const spec = tinySpec({ encoder: { ...encoder, width: 0.5 }, precision: 'fp32' })
    const learners = groups.map((group) => new (loadAddon().Learner)({ ...spec, group }))
    const batch = views(16, 32)
    const step = () => Promise.all(learners.map((learner) => learner.stepViews(batch, null, 0.01)))
    try {
      // On a busy machine this thread may sleep through a step; where buckets leave at the end, none ever shows it.
      let most = 0
      for (let steps = 0; most < 2 && steps < 20; steps++) {
        most = Math.max(most, smallAfterBucket(await watched(groups[0]!, step())))
      }
      expect(most).to.be.at.least(2)
    } finally {
      for (const learner of learners) learner.dispose()
      await Promise.all(groups.map((group) => group.close()))
    }
  })
})
