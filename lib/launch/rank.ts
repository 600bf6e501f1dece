/** A rank that launch.ts has started: trains as it is told, and ends when whoever started it does. */
import type { TrainOptions } from '../config/options.ts'
import { endedFromOutside, sendError } from '../isolate/messages.ts'
import { trainHere } from '../train.ts'
import type { News, Order } from './messages.ts'

const stop = new AbortController()
/** The launcher has asked to stop, and knows what became of it. */
let isOrdered = false
/** The last step is taken; what is left is to be written. */
let isLeaving = false

process.on('SIGINT', () => {}) // Ctrl-C reaches the whole terminal; the launcher says what to do
process.on('SIGHUP', () => {}) // so does a closed terminal; where the launcher does not outlive it, 'disconnect' says so
process.on('SIGTERM', () => stop.abort(endedFromOutside()))
process.on('disconnect', () => {
  if (isOrdered) process.exit(1) // who asked for an orderly end and is gone now wants it at once
  stop.abort(endedFromOutside())
})
process.on('message', (order: Order) => {
  if (order.type === 'train') {
    void work(order.options)
  } else {
    isOrdered = true
    stop.abort(endedFromOutside())
    void tell({ type: 'ending', isLeaving })
  }
})
process.stderr.on('error', () => {}) // who read it may be gone

async function work(options: TrainOptions): Promise<void> {
  try {
    const onProgress: TrainOptions['onProgress'] = (event) => tell({ type: 'event', event })
    const onLastStep = () => {
      isLeaving = true
    }
    const { weights: _, ...trained } = await trainHere(
      { ...options, signal: stop.signal, onProgress },
      onLastStep,
    )
    await tell({ type: 'done', trained })
    process.exit(0)
  } catch (error) {
    await tell({ type: 'failed', error: sendError(error) })
    process.exit(1)
  }
}

/** Resolves when the message has been handed over, or there is nobody to hand it to. */
function tell(news: News): Promise<void> {
  return new Promise((sent) => {
    if (process.connected) process.send!(news, () => sent())
    else sent()
  })
}
