/** Embeds from several worker threads at once, each with its own encoder: node main.js RUN */
import assert from 'node:assert/strict'
import { Worker } from 'node:worker_threads'

const run = process.argv[2]
const image = {
  data: Uint8Array.from({ length: 3072 }, (_, i) => (i * 37) % 256),
  width: 32,
  height: 32,
  channels: 3,
}

const features = await Promise.all(
  Array.from({ length: 4 }, () => {
    const worker = new Worker(new URL('./worker.js', import.meta.url), { workerData: { run, image } })
    return new Promise((resolve, reject) => worker.on('message', resolve).on('error', reject))
  }),
)
for (const one of features) assert.deepEqual(one, features[0])
assert.ok(features[0].some((value) => value !== 0))
console.log(`worker: ${features.length} workers agree on ${features[0].length} numbers`)
