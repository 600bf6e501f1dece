/** A rank that does what it is told: argv is rank, size, port and timeout in seconds. */
import { loadAddon } from '../../lib/addon/load.ts'

const [rank, size, port, timeoutSeconds] = process.argv.slice(2).map(Number) as [
  number,
  number,
  number,
  number,
]
const group = new (loadAddon().Group)({
  ...{ rank, size, localSize: 1, host: '127.0.0.1', port, servesStore: rank === 0 },
  ...{ storeOutlives: false, generation: '0', timeoutSeconds },
})

const orders: Record<string, () => Promise<unknown>> = {
  join: async () => {
    await group.join('')
    await group.connect()
  },
  exchange: () => group.exchange('same'),
}

process.on('message', async (order: string) => {
  if (order === 'stop') return group.askToStop()
  try {
    await orders[order]!()
    process.send!('done')
  } catch (error) {
    const { code, message } = error as Error & { code: string }
    process.send!(`${code} ${message}`)
  }
})
process.send!('ready')
