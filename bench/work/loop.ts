/**
 * loop.ts FOLDER EPOCHS PRECISION STREAM: trains on the folder's images and prints pairs a second, and the shares of waiting
 * for batches and of making views. STREAM: `auto`, or `on` for images that are decoded each time they are needed.
 */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { loadAddon } from '../../lib/addon/load.ts'
import { train } from '../../lib/train.ts'

const [data, epochs, precision, stream] = process.argv.slice(2) as [
  ...[string, string],
  ...['bf16' | 'auto', 'auto' | 'on'],
]
const out = await mkdtemp(join(tmpdir(), 'simclr-bench-run-'))
let pairs = 0
let waiting = 0
let making = 0
loadAddon() // the library is there, as the peer's is
const begin = performance.now()
const run = await train({
  data,
  preset: 'torch',
  encoder: { arch: 'resnet18', stem: 'imagenet' },
  imageSize: 32,
  batchSize: 256,
  epochs: Number(epochs),
  augment: { strength: 1, blur: 0.5 },
  probe: { everyEpochs: 0 },
  precision,
  stream,
  out,
  report: false,
  onProgress(event) {
    if (event.type !== 'step') return
    pairs += 256
    waiting += event.waitSeconds
    making += event.augmentSeconds
  },
})
const seconds = (performance.now() - begin) / 1000
run.encoder.dispose()
await rm(out, { recursive: true })
const shares = { waiting: waiting / run.seconds, making: making / run.seconds }
console.log(JSON.stringify({ pairsPerSecond: pairs / seconds, ...shares }))
