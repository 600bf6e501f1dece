import { expect } from 'chai'

import { SimclrError } from '../../lib/addon/errors.ts'
import type { Arch, Convention, EncoderSpec } from '../../lib/addon/interface.ts'
import { imagenetMean, imagenetStd } from '../../lib/augment/recipes.ts'
import { Encoder } from '../../lib/encoder.ts'
import { readSafetensors, writeSafetensors } from '../../lib/io/safetensors.ts'
import { tensorFrom } from '../../lib/io/tensor.ts'
import { temporaryFolder } from '../support/folder.ts'
import { rejection } from '../support/rejection.ts'

const normalize = { mean: imagenetMean, std: imagenetStd }

describe("encoder files and torchvision's state dicts", function () {
  this.timeout(60_000)
  const path = temporaryFolder()
  const image = { data: new Uint8Array(16 * 16).fill(77), width: 16, height: 16, channels: 1 as const }

  async function random(convention: Convention, arch: Arch = 'resnet18') {
    const spec: EncoderSpec = { arch, width: 0.25, stem: 'cifar', convention, skRatio: 0 }
    await using encoder = await Encoder.random(spec, { imageSize: 32, convention, normalize })
    const file = path(`${convention}.safetensors`)
    await encoder.save(file)
    return { file, features: await encoder.embed([image]), ...(await readSafetensors(file)) }
  }

  it('a state dict without metadata, with a prefix and a classifier, is an encoder', async () => {
    const { tensors, features } = await random('torch')
    const foreign = tensors.map((tensor) => ({ ...tensor, name: `module.${tensor.name}` }))
    const fc = tensorFrom('module.fc.weight', [2, 128], new Float32Array(256))
    await writeSafetensors(path('foreign.safetensors'), [...foreign, fc])
    await using encoder = await Encoder.load(path('foreign.safetensors'))
    expect(encoder.spec).to.deep.include({
      arch: 'resnet18',
      width: 0.25,
      stem: 'cifar',
      convention: 'torch',
    })
    expect(await encoder.embed([image])).to.deep.equal(features)
    await encoder.save(path('again.safetensors'))
    await using again = await Encoder.load(path('again.safetensors'))
    expect(await again.embed([image])).to.deep.equal(features)
  })

  it('a state dict without counts of batches is the same encoder', async () => {
    const { tensors, features } = await random('torch')
    const stripped = tensors.filter(({ name }) => !name.endsWith('num_batches_tracked'))
    expect(stripped.length).to.be.below(tensors.length)
    await writeSafetensors(path('stripped.safetensors'), stripped)
    await using encoder = await Encoder.load(path('stripped.safetensors'))
    expect(await encoder.embed([image])).to.deep.equal(features)
    await writeSafetensors(path('headless.safetensors'), stripped.slice(1))
    expect(await rejection(Encoder.load(path('headless.safetensors')))).to.be.instanceOf(SimclrError)
  })

  it('the caller may know better how images are prepared, and saving keeps it', async () => {
    const { file, features } = await random('torch')
    const preprocessing = { normalize: null, imageSize: 24 }
    await using encoder = await Encoder.load(file, { preprocessing })
    expect(encoder.preprocessing).to.deep.equal({ convention: 'torch', ...preprocessing })
    expect(await encoder.embed([image])).not.to.deep.equal(features)
    await encoder.save(path('better.safetensors'))
    await using again = await Encoder.load(path('better.safetensors'))
    expect(again.preprocessing).to.deep.equal(encoder.preprocessing)
    const wrong = await rejection(Encoder.load(file, { preprocessing: { size: 3 } as object }))
    expect(wrong).to.have.property('code', 'ERR_SIMCLR_INVALID_ARGUMENT')
  })

  it("the paper's convention is marked, and never taken for torchvision's", async () => {
    const { file, features, tensors } = await random('paper')
    const mark = 'paper_convention_which_torchvision_cannot_hold'
    expect(tensors.map(({ name }) => name)).to.include(mark)
    expect((await random('torch')).tensors.map(({ name }) => name)).not.to.include(mark)
    await using encoder = await Encoder.load(file)
    expect(await encoder.embed([image])).to.deep.equal(features)
    await writeSafetensors(path('lost.safetensors'), tensors)
    const error = await rejection(Encoder.load(path('lost.safetensors')))
    expect(error).to.have.property('code', 'ERR_SIMCLR_INCOMPATIBLE_WEIGHTS')
    expect(error.message).to.contain('paper')
  })

  it('networks that are no ResNet of ours are refused by their blocks', async () => {
    const { tensors } = await random('torch')
    const short = tensors.filter(({ name }) => !name.startsWith('layer4.1.'))
    await writeSafetensors(path('short.safetensors'), short)
    expect((await rejection(Encoder.load(path('short.safetensors')))).message).to.contain('2, 2, 2, 1 basic')
  })
})
