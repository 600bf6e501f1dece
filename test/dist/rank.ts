/** One rank of a test: see ranks.ts. */
import type { NativeGroup } from '../../lib/addon/interface.ts'
import { loadAddon } from '../../lib/addon/load.ts'
import { compute } from './compute.ts'
import type { Work } from './ranks.ts'

process.once('message', async (message) => {
  const { work, rank, port } = message as { work: Work; rank: number; port: number }
  const addon = loadAddon()
  const size = work.shards.length
  const group: NativeGroup = new addon.Group({
    rank,
    size,
    localSize: work.sockets ? 1 : size,
    host: '127.0.0.1',
    port,
    servesStore: rank === 0,
    storeOutlives: false,
    generation: '0',
    timeoutSeconds: 60,
  })
  try {
    await group.join('')
    await group.connect()
    const device = work.devices?.[rank] ?? work.spec.device
    const spec = { ...work.spec, device, shards: work.shards[rank]!, group }
    const result = await compute(spec, work, rank, size)
    const outcome = { ...result, traffic: group.traffic }
    await group.close()
    process.send!({ outcome }, () => process.disconnect())
  } catch (error) {
    process.send!({ error: (error as Error).message }, () => process.exit(1))
  }
})
