/** A rank that does what it is told: see members.ts. */
import type { NativeLearner } from '../../lib/addon/interface.ts'
import { loadAddon } from '../../lib/addon/load.ts'
import { tinySpec, views } from '../learn/support.ts'
import type { MemberOrder } from './members.ts'

const [rank, size, port, timeoutSeconds, localSize] = process.argv.slice(2).map(Number) as [
  number,
  number,
  number,
  number,
  number,
]
const group = new (loadAddon().Group)({
  ...{ rank, size, localSize, host: '127.0.0.1', port, servesStore: rank === 0 },
  ...{ storeOutlives: false, generation: '0', timeoutSeconds },
})
let learner: NativeLearner

const orders: Record<Exclude<MemberOrder, 'stop'>, () => unknown> = {
  join: () => group.join(''),
  connect: () => group.connect(),
  'join and connect': async () => {
    await group.join('')
    await group.connect()
  },
  // What `connect` tells the others first, host and address, of one that then opens no connection.
  'promise to connect': async () => {
    await group.exchange('loopback')
    await group.exchange('')
  },
  exchange: () => group.exchange('same'),
  work: () => group.setAtWork(true),
  rest: () => group.setAtWork(false),
  learn: () => {
    learner = new (loadAddon().Learner)(tinySpec({ group }))
  },
  step: () => learner.stepViews(views(8, 8), null, 0.1),
}

process.on('message', async (order: MemberOrder) => {
  if (order === 'stop') return group.askToStop()
  try {
    await orders[order]()
    process.send!('done')
  } catch (error) {
    const { code, message } = error as Error & { code: string }
    process.send!(`${code} ${message}`)
  }
})
process.send!('ready')
