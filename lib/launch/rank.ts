/** A rank that launch.ts has started: trains as it is told, and ends when whoever started it does. */
import type { TrainOptions } from '../config/options.ts'
import { sendError } from '../isolate/messages.ts'
import { trainHere } from '../train.ts'
import type { News, Order } from './messages.ts'

const stop = new AbortController()
const stopped = new Error('stopped')

process.on('SIGINT', () => {}) // Ctrl-C reaches the whole terminal; the launcher says what to do
process.on('disconnect', () => process.exit(1))
process.on('message', (order: Order) => {
  if (order.type === 'stop') stop.abort(stopped)
  else void work(order.options)
})

async function work(options: TrainOptions): Promise<void> {
  try {
    const onProgress: TrainOptions['onProgress'] = (event) => tell({ type: 'event', event })
    const { weights: _, ...trained } = await trainHere({ ...options, signal: stop.signal, onProgress })
    await tell({ type: 'done', trained })
    process.exit(0)
  } catch (thrown) {
    const error = sendError(thrown)
    const isStop = thrown === stopped || error.code === 'ERR_SIMCLR_ABORTED'
    await tell({ type: 'failed', error, stopped: isStop })
    process.exit(1)
  }
}

/** Resolves when the message has been handed over. */
function tell(news: News): Promise<void> {
  return new Promise((sent) => {
    process.send!(news, () => sent())
  })
}
