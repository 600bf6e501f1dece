import { parentPort, workerData } from 'node:worker_threads'
import { Encoder } from 'simclr'

const encoder = await Encoder.load(workerData.run, { threads: 1 })
const batches = await Promise.all(Array.from({ length: 8 }, () => encoder.embed([workerData.image])))
encoder.dispose()
parentPort.postMessage(batches.at(-1).data)
