import { fileURLToPath } from 'node:url'
import { expect } from 'chai'
import { imagenetMean, imagenetStd } from '../../lib/augment/recipes.ts'
import { Encoder } from '../../lib/encoder.ts'
import { readSafetensors, writeSafetensors } from '../../lib/io/safetensors.ts'
import { tensorFrom, toFloat64 } from '../../lib/io/tensor.ts'
import { relativeL2 } from '../../lib/verify/compare.ts'
import { temporaryFolder } from '../support/folder.ts'
import { congruential } from '../support/pixels.ts'
import { needLightly, runPython } from '../support/python.ts'

const script = fileURLToPath(new URL('../interop/foreign.py', import.meta.url))
const [count, imageSize] = [4, 32]

describe('files that PyTorch writes', function () {
  this.timeout(600_000)
  const path = temporaryFolder()
  const images = congruential(count, imageSize)

  before(async function () {
    const python = needLightly(this)
    const bytes = new Uint8Array(Buffer.concat(images.map(({ data }) => data)))
    const pixels = tensorFrom('images', [count, imageSize, imageSize, 3], bytes)
    await writeSafetensors(path('images.safetensors'), [pixels], {
      size: String(imageSize),
      box: 'null',
      mean: JSON.stringify(imagenetMean),
      std: JSON.stringify(imagenetStd),
    })
    runPython(python, script, path('images.safetensors'), path())
  })

  const fc = ['fc']
  for (const [name, arch, prefix, unused] of [
    ['state_dict', 'resnet18', '', fc],
    ['protocol_5', 'resnet18', 'model.', ['model.fc']],
    ['parameters', 'resnet18', '', fc],
    ['data_parallel', 'resnet18', 'model_state_dict.module.', ['model_state_dict.module.fc']],
    ['channels_last', 'resnet18', '', fc],
    ['double', 'resnet18', '', fc],
    ['half', 'resnet18', '', fc],
    ['sequential', 'resnet18', 'state_dict.backbone.', ['state_dict.projection_head']],
    [
      'moco',
      'resnet50',
      'state_dict.module.encoder_q.',
      ['queue', 'queue_ptr', 'encoder_q.fc', 'encoder_k']
        .map((part) => `state_dict.module.${part}`)
        .concat('optimizer'),
    ],
    ['lightly', 'resnet50', 'state_dict.backbone.', ['state_dict.backbone.linear']],
  ] as const) {
    it(`${name}: the features of its network there`, async () => {
      const options = { device: 'cpu', preprocessing: { imageSize } }
      await using encoder = await Encoder.load(path(`${name}.pt`), options)
      expect(encoder.spec).to.include({ arch, stem: name === 'lightly' ? 'cifar' : 'imagenet' })
      expect(encoder.foreign).to.deep.equal({ prefix, unused })
      const theirs = toFloat64((await readSafetensors(path(`${name}.safetensors`))).tensors[0]!)
      const { data } = await encoder.embed(images)
      expect(theirs.some((value) => value > 0)).to.equal(true)
      expect(relativeL2(data, theirs)).to.be.below(1e-5)
    })
  }
})
