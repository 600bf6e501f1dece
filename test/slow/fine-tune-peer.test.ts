import { fileURLToPath } from 'node:url'

import { expect } from 'chai'

import type { EncoderSpec, OptimizerSpec } from '../../lib/addon/interface.ts'
import { readSafetensors, writeSafetensors } from '../../lib/io/safetensors.ts'
import { tensorFrom, toFloat64 } from '../../lib/io/tensor.ts'
import { relativeL2 } from '../../lib/verify/compare.ts'
import { tinySpec, views, withLearner } from '../learn/support.ts'
import { temporaryFolder } from '../support/folder.ts'
import { needTorchvision, runPython } from '../support/python.ts'

const script = fileURLToPath(new URL('../interop/fine_tune.py', import.meta.url))
const encoder: EncoderSpec = { arch: 'resnet18', width: 1, stem: 'imagenet', convention: 'torch', skRatio: 0 }
const [steps, images, size, lr] = [4, 6, 40, 0.05]

describe('fine-tuning, beside PyTorch in float64', function () {
  this.timeout(300_000)
  const path = temporaryFolder()
  let python: string

  before(function () {
    python = needTorchvision(this)
  })

  for (const [nesterov, keep] of [
    [true, 0],
    [false, 0],
    [true, 1],
    [true, 2],
  ] as const) {
    it(`ends at its weights and statistics after ${steps} steps, ${nesterov ? 'Nesterov' : 'plain'} momentum, on ${keep} layers of the head`, async () => {
      const labels = Int32Array.from({ length: images }, (_, i) => i % 3)
      const batches = Array.from({ length: steps }, (_, step) => views(images, size, step + 1))
      const optimizer: OptimizerSpec = {
        name: 'sgd',
        momentum: 0.9,
        nesterov,
        weightDecay: 0,
        decayAll: true,
      }
      const loss = { temperature: 1, scale: 1, normalize: true, views: 1 } as const
      const head = { layers: 3, dim: 16, convention: 'torch', keep } as const
      const spec = tinySpec({ encoder, head, optimizer, loss, classes: 3, supervised: true, shards: 2 })
      await withLearner(spec, async (learner) => {
        const own = (await learner.state()).filter(({ name }) => !name.startsWith('optimizer.'))
        const pixels = Buffer.concat(batches.map(({ data }) => data))
        await writeSafetensors(
          path('start.safetensors'),
          [
            ...own,
            { name: 'views', dtype: 'F32', shape: [steps, images, size, size, 3], data: pixels },
            tensorFrom('labels', [images], labels),
          ],
          { lr: String(lr), momentum: '0.9', nesterov: String(nesterov), keep: String(keep) },
        )
        runPython(python, script, path('start.safetensors'), path('end.safetensors'))
        const theirs = new Map(
          (await readSafetensors(path('end.safetensors'))).tensors.map((tensor) => [
            tensor.name,
            toFloat64(tensor),
          ]),
        )
        const losses: number[] = []
        for (const batch of batches) losses.push((await learner.stepViews(batch, labels, lr)).loss)
        expect(relativeL2(losses, theirs.get('losses')!)).to.be.below(1e-10)
        const ended = (await learner.state()).filter(({ name }) => !name.startsWith('optimizer.'))
        expect(theirs.size).to.equal(ended.length + 1)
        for (const tensor of ended) {
          const expected = theirs.get(tensor.name)!
          expect(relativeL2(toFloat64(tensor), expected), tensor.name).to.be.below(1e-8)
        }
      })
    })
  }
})
