/** loop.ts FOLDER EPOCHS PRECISION: trains on the folder's images and prints pairs a second and the share of waiting. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { loadAddon } from '../../lib/addon/load.ts'
import { train } from '../../lib/train.ts'

const [data, epochs, precision] = process.argv.slice(2) as [string, string, 'bf16' | 'auto']
const out = await mkdtemp(join(tmpdir(), 'simclr-bench-run-'))
let pairs = 0
let waiting = 0
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
  out,
  report: false,
  onProgress(event) {
    if (event.type !== 'step') return
    pairs += 256
    waiting += event.waitSeconds
  },
})
const seconds = (performance.now() - begin) / 1000
run.encoder.dispose()
await rm(out, { recursive: true })
console.log(JSON.stringify({ pairsPerSecond: pairs / seconds, waiting: waiting / run.seconds }))
