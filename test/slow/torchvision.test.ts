import { fileURLToPath } from 'node:url'

import { expect } from 'chai'

import type { Arch, Convention, EncoderSpec, Stem } from '../../lib/addon/interface.ts'
import { imagenetMean, imagenetStd } from '../../lib/augment/recipes.ts'
import { Encoder, type EncoderOptions } from '../../lib/encoder.ts'
import { readSafetensors, writeSafetensors } from '../../lib/io/safetensors.ts'
import { tensorFrom, toFloat64 } from '../../lib/io/tensor.ts'
import { relativeL2 } from '../../lib/verify/compare.ts'
import { encoderTensors, writeEncoder } from '../../lib/weights/encoder-file.ts'
import { tinySpec, views, withLearner } from '../learn/support.ts'
import { temporaryFolder } from '../support/folder.ts'
import { needTorchvision, runPython } from '../support/python.ts'

const script = fileURLToPath(new URL('../interop/peer.py', import.meta.url))
const normalize = { mean: imagenetMean, std: imagenetStd }
const count = 4

/** What each encoder is tried on: pixels, the size it works at, and the box that evaluation takes of them. */
const settings = {
  'as they are': { side: 32, imageSize: 32, box: null },
  'cropped and resized': { side: 112, imageSize: 64, box: [7, 7, 98, 98] },
}

describe("torchvision's ResNet", function () {
  this.timeout(300_000)
  const path = temporaryFolder()
  let python: string

  before(function () {
    python = needTorchvision(this)
  })

  /** Random images as raw pixels, and the same in a file for Python. */
  async function images({ side, imageSize, box }: (typeof settings)['as they are' | 'cropped and resized']) {
    let state = 1
    const bytes = Uint8Array.from({ length: count * side * side * 3 }, () => {
      state = (Math.imul(state, 1664525) + 1013904223) >>> 0
      return state >>> 24
    })
    const file = path(`images-${side}.safetensors`)
    await writeSafetensors(file, [tensorFrom('images', [count, side, side, 3], bytes)], {
      size: String(imageSize),
      box: JSON.stringify(box),
      mean: JSON.stringify(imagenetMean),
      std: JSON.stringify(imagenetStd),
    })
    const one = side * side * 3
    const raw = Array.from({ length: count }, (_, i) => ({
      data: bytes.slice(i * one, (i + 1) * one),
      width: side,
      height: side,
      channels: 3 as const,
    }))
    return { file, raw }
  }

  /** An encoder that has trained for a step, in a file. */
  async function trained(file: string, spec: EncoderSpec, imageSize: number): Promise<void> {
    const { convention } = spec
    const state = await withLearner(
      tinySpec({ encoder: spec, head: { layers: 2, dim: 16, convention }, precision: 'fp32', shards: 2 }),
      async (learner) => {
        await learner.stepViews(views(8, 32), null, 0.1)
        return learner.state()
      },
    )
    const preprocessing = { imageSize, convention, normalize }
    await writeEncoder(file, { spec, preprocessing, tensors: encoderTensors(state), classifier: null })
  }

  async function ours(file: string, raw: Parameters<Encoder['embed']>[0], options: EncoderOptions = {}) {
    await using encoder = await Encoder.load(file, { device: 'cpu', ...options })
    return { features: (await encoder.embed(raw)).data, spec: encoder.spec }
  }

  async function theirs(file: string): Promise<Float64Array> {
    return toFloat64((await readSafetensors(file)).tensors[0]!)
  }

  const specOf = (arch: Arch, stem: Stem, convention: Convention = 'torch'): EncoderSpec => ({
    arch,
    width: 1,
    stem,
    convention,
    skRatio: 0,
  })

  for (const [arch, stem, what] of [
    ['resnet18', 'imagenet', 'as they are'],
    ['resnet18', 'cifar', 'as they are'],
    ['resnet34', 'imagenet', 'as they are'],
    ['resnet50', 'imagenet', 'as they are'],
    ['resnet50', 'imagenet', 'cropped and resized'],
  ] as const) {
    const { imageSize } = settings[what]

    it(`takes our ${arch}, ${stem} stem, and has its features: images ${what}`, async () => {
      const { file, raw } = await images(settings[what])
      const encoder = path(`${arch}-${stem}.safetensors`)
      await trained(encoder, specOf(arch, stem), imageSize)
      runPython(python, script, 'features', encoder, file, path('out.safetensors'))
      const { features } = await ours(encoder, raw)
      expect(features.some((value) => value > 0)).to.equal(true)
      expect(relativeL2(features, await theirs(path('out.safetensors')))).to.be.below(1e-4)
    })

    it(`is loaded as ${arch}, ${stem} stem, and has its features: images ${what}`, async () => {
      const { file, raw } = await images(settings[what])
      const weights = path(`their-${arch}-${stem}.safetensors`)
      runPython(python, script, 'export', arch, stem, weights, file, path('out.safetensors'))
      const { features, spec } = await ours(weights, raw, { preprocessing: { imageSize } })
      expect(spec).to.deep.equal(specOf(arch, stem))
      expect(features.some((value) => value > 0)).to.equal(true)
      expect(relativeL2(features, await theirs(path('out.safetensors')))).to.be.below(1e-4)
    })
  }

  for (const arch of ['resnet18', 'resnet50'] as const) {
    it(`refuses our ${arch} in the paper's convention, by what the file says and by its names`, async () => {
      const { file } = await images(settings['as they are'])
      const encoder = path(`paper-${arch}.safetensors`)
      await trained(encoder, specOf(arch, 'imagenet', 'paper'), 32)
      expect(() => runPython(python, script, 'features', encoder, file, path('out.safetensors'))).to.throw(
        /paper convention, which torchvision's ResNet cannot hold/,
      )
      expect(() => runPython(python, script, 'strict', arch, encoder)).to.throw(
        /Unexpected key.*paper_convention_which_torchvision_cannot_hold/,
      )
    })
  }
})
