import { fileURLToPath } from 'node:url'

import { expect } from 'chai'

import type { EncoderSpec, LearnerSpec, OptimizerSpec } from '../../lib/addon/interface.ts'
import { readSafetensors, writeSafetensors } from '../../lib/io/safetensors.ts'
import { tensorFrom, toFloat64 } from '../../lib/io/tensor.ts'
import { relativeL2 } from '../../lib/verify/compare.ts'
import { floats, random, tinySpec, views, withLearner } from '../learn/support.ts'
import { temporaryFolder } from '../support/folder.ts'
import { needTorchvision, runPython } from '../support/python.ts'

const script = fileURLToPath(new URL('../interop/fine_tune.py', import.meta.url))
const encoder: EncoderSpec = { arch: 'resnet18', width: 1, stem: 'imagenet', convention: 'torch', skRatio: 0 }
const [steps, images, size, lr] = [4, 6, 40, 0.05]
const loss = { temperature: 1, scale: 1, normalize: true, views: 1 } as const

interface Case {
  nesterov: boolean
  /** Layers of the head that are kept. */
  keep: number
  /** Their width. Default: that of the features. */
  hidden?: number
  /** What comes after this group is trained. Default: everything. */
  afterBlock?: number
  distillation?: { temperature: number; weight: number }
}

const cases: Case[] = [
  { nesterov: true, keep: 0 },
  { nesterov: false, keep: 0 },
  { nesterov: true, keep: 1 },
  { nesterov: true, keep: 2 },
  { nesterov: true, keep: 0, distillation: { temperature: 1, weight: 1 } },
  { nesterov: false, keep: 1, distillation: { temperature: 2, weight: 0.3 } },
  { nesterov: true, keep: 2, hidden: 96 },
  { nesterov: true, keep: 0, afterBlock: 0 },
  { nesterov: false, keep: 1, hidden: 640, afterBlock: 3 },
  { nesterov: true, keep: 0, afterBlock: 4 },
]

/** Of a state, what is no optimizer's. */
async function weightsOf(spec: LearnerSpec) {
  return await withLearner(spec, async (learner) =>
    (await learner.state()).filter(({ name }) => !name.startsWith('optimizer.')),
  )
}

describe('fine-tuning and distillation, beside PyTorch in float64', function () {
  this.timeout(300_000)
  const path = temporaryFolder()
  let python: string

  before(function () {
    python = needTorchvision(this)
  })

  for (const { nesterov, keep, hidden = null, afterBlock = -1, distillation } of cases) {
    const student = distillation ? `, τ ${distillation.temperature}, α ${distillation.weight}` : ''
    const wide = hidden === null ? '' : ` ${hidden} wide`
    const part = afterBlock < 0 ? '' : `, after group ${afterBlock}`
    it(`ends at its weights and statistics after ${steps} steps, ${nesterov ? 'Nesterov' : 'plain'} momentum, on ${keep} layers of the head${wide}${part}${student}`, async () => {
      const labels = Int32Array.from({ length: images }, (_, i) => (i % 4) - 1)
      const batches = Array.from({ length: steps }, (_, step) => views(images, size, step + 1))
      const optimizer: OptimizerSpec = {
        name: 'sgd',
        momentum: 0.9,
        nesterov,
        weightDecay: 0,
        decayAll: true,
      }
      const head = { layers: 3, hidden, dim: 16, convention: 'torch', keep } as const
      const spec = tinySpec({
        ...{ encoder, head, optimizer, loss, classes: 3, supervised: true, shards: 2 },
        fineTuneAfterBlock: afterBlock,
      })
      const kept = { ...head, keep: 1 }
      // With a classifier that has an opinion.
      const tensors = (await weightsOf({ ...spec, head: kept, seed: 3 })).map((tensor) =>
        tensor.name === 'classifier.weight'
          ? tensorFrom(tensor.name, tensor.shape, floats(random(tensor.name, tensor.shape, 1)))
          : tensor,
      )
      const teacher = { encoder, head: kept, classes: 3, tensors }
      await withLearner({ ...spec, ...(distillation && { teacher, distillation }) }, async (learner) => {
        const own = (await learner.state()).filter(({ name }) => !name.startsWith('optimizer.'))
        const pixels = Buffer.concat(batches.map(({ data }) => data))
        const told = {
          ...{ lr: String(lr), momentum: '0.9', nesterov: String(nesterov) },
          ...{ keep: String(keep), afterBlock: String(afterBlock) },
        }
        await writeSafetensors(
          path('start.safetensors'),
          [
            ...own,
            ...(distillation ? tensors.map((tensor) => ({ ...tensor, name: `teacher.${tensor.name}` })) : []),
            { name: 'views', dtype: 'F32', shape: [steps, images, size, size, 3], data: pixels },
            tensorFrom('labels', [images], labels),
          ],
          distillation
            ? {
                ...told,
                teacherKeep: '1',
                temperature: String(distillation.temperature),
                weight: String(distillation.weight),
              }
            : told,
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
