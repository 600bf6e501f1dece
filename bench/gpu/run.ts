/**
 * A training run from its command on, of a few epochs, and what so many as the goal's would take:
 * node --import tsx bench/gpu/run.ts --data cifar10:DIR
 *
 * The recipe is the preset `cifar`: ResNet-18 with the CIFAR stem, 50,000 images of 32 px. The first epoch counts once, with what a
 * run begins with: reading and decoding, copying the images to the GPU, timing cuDNN's algorithms, recording the step.
 */
import { rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { train } from '../../lib/train.ts'
import { numberOf, readFlags } from '../../scripts/command-line.mjs'

const { values } = readFlags({
  options: {
    name: { type: 'string', default: 'run-r18-cifar' },
    data: { type: 'string', default: 'synthetic:scenes,count=50000,split=all' },
    /** That are run. */
    epochs: { type: 'string', default: '4' },
    /** That are told of. */
    goal: { type: 'string', default: '200' },
    batch: { type: 'string', default: '512' },
    width: { type: 'string', default: '1' },
    device: { type: 'string', default: 'cuda' },
  },
})
const epochs = numberOf('epochs', values.epochs, 2)
const goal = numberOf('goal', values.goal, 2)
const batch = numberOf('batch', values.batch, 2)

const out = path.join(tmpdir(), `simclr-run-${process.pid}`)
const begin = performance.now()
const ends: number[] = []
const viewsOn = new Set<string | null>()
let images = 0
try {
  const run = await train({
    ...{ data: values.data, preset: 'cifar', batchSize: batch, epochs, device: values.device, out },
    encoder: { width: numberOf('width', values.width, 0.125) },
    schedule: { warmupEpochs: 1 },
    onProgress(event) {
      if (event.type === 'data') images = event.total
      if (event.type === 'step') viewsOn.add(event.viewsOn)
      if (event.type === 'epoch') ends.push((performance.now() - begin) / 1000)
    },
  })
  run.encoder.dispose()
} finally {
  rmSync(out, { recursive: true, force: true })
}
const [first, last] = [ends[0]!, ends.at(-1)!]
const secondsAnEpoch = (last - first) / (ends.length - 1)
console.log(
  JSON.stringify({
    ...{ name: values.name, data: values.data, images, batch, epochs: ends.length },
    viewsOn: [...viewsOn].join(', '),
    firstEpochSeconds: first,
    secondsAnEpoch,
    goalEpochs: goal,
    goalMinutes: (first + (goal - 1) * secondsAnEpoch) / 60,
  }),
)
