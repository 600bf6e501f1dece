import { copyFileSync, mkdirSync, rmSync } from 'node:fs'
import { expect } from 'chai'
import { Encoder } from '../../lib/encoder.ts'
import { evaluate } from '../../lib/evaluate/evaluate.ts'
import { readSafetensors } from '../../lib/io/safetensors.ts'
import { toFloat64 } from '../../lib/io/tensor.ts'
import { train } from '../../lib/train.ts'
import { listCheckpoints } from '../../lib/weights/checkpoint.ts'
import { temporaryFolder } from '../support/folder.ts'
import { rejection } from '../support/rejection.ts'
import { tiny, trained } from '../support/tiny.ts'

const scenes = (split: 'train' | 'test') => `synthetic:scenes,count=300,size=24,split=${split}`
const { preset: _, encoder: __, ...quick } = tiny
const tuning = { ...quick, preset: 'fine-tune', data: scenes('train'), head: { keep: 1 } } as const
const ofHead = /^head\.layers\.[01]\./

describe('fine-tuning from a layer of the projection head', function () {
  this.timeout(180_000)
  const path = temporaryFolder()
  const tensorsOf = async (file: string) => {
    const { tensors } = await readSafetensors(file)
    return new Map(tensors.map((tensor) => [tensor.name, tensor]))
  }
  const newest = async (run: string) => (await listCheckpoints(path(run, 'checkpoints')))[0]!
  const images = [40, 90, 200].map((grey) => ({
    data: Uint8Array.from({ length: 24 * 24 * 3 }, (_, i) => (grey + 7 * i) % 256),
    ...{ width: 24, height: 24, channels: 3 as const },
  }))

  before(async () => {
    const encoder = { width: 0.25, stem: 'stride2' } as const
    const head = { layers: 3, dim: 16, convention: 'paper' } as const
    const contrastive = { ...tiny, encoder, head, data: scenes('train'), imageSize: 24, epochs: 1 }
    await trained({ ...contrastive, out: path('pretrained') })
    const init = path('pretrained')
    await trained({ ...tuning, init, optimizer: { lr: 0.4 }, threads: 2, epochs: 2, out: path('tuned') })
  })

  it('begins with the layers of the newest checkpoint, and with none of a file that has thrown them away', async () => {
    const run = await trained({
      ...tuning,
      init: path('pretrained'),
      head: { keep: 2 },
      optimizer: { lr: 0 },
      epochs: 1,
      out: path('still'),
    })
    expect(run.config.head).to.include({ keep: 2, layers: 3, convention: 'paper' })
    const [before, after] = [
      await tensorsOf(await newest('pretrained')),
      await tensorsOf(path('still', 'encoder.safetensors')),
    ]
    const weights = [...before.keys()].filter((name) => /^head\.layers\.[0134]\.(weight|bias)$/.test(name))
    expect(weights).to.have.length(6)
    for (const name of weights) expect(after.get(name), name).to.deep.equal(before.get(name))
    expect([...after.keys()].filter((name) => /^head\.layers\.[67]/.test(name))).to.deep.equal([])
    expect(after.get('conv1.weight')!.data).to.deep.equal(before.get('encoder.conv1.weight')!.data)
  })

  it('trains them on with the encoder', async () => {
    const [before, after] = [
      await tensorsOf(await newest('pretrained')),
      await tensorsOf(path('tuned', 'encoder.safetensors')),
    ]
    const names = [...after.keys()].filter((name) => name.startsWith('head.'))
    expect(names.every((name) => ofHead.test(name))).to.equal(true)
    expect(names).to.have.length(6)
    for (const name of names) expect(after.get(name), name).to.not.deep.equal(before.get(name))
  })

  it('leaves a classifier that stands on them, by hand; embed gives the encoder’s features', async () => {
    using encoder = await Encoder.load(path('tuned'))
    const tensors = await tensorsOf(path('tuned', 'encoder.safetensors'))
    const of = (name: string) => toFloat64(tensors.get(name)!)
    const norm = (name: string) => of(`head.layers.1.${name}`)
    const dense = (x: number[], weight: Float64Array) =>
      Array.from({ length: weight.length / x.length }, (_, o) =>
        x.reduce((sum, value, i) => sum + value * weight[o * x.length + i]!, 0),
      )
    const { data, shape } = await encoder.embed(images)
    const said = await encoder.classify(images)
    expect(shape[1]).to.equal(encoder.featureDim)
    for (const row of images.keys()) {
      const h = Array.from(data.subarray(shape[1] * row, shape[1] * (row + 1)))
      const x = dense(h, of('head.layers.0.weight')).map((value, i) => {
        const normal = (value - norm('running_mean')[i]!) / Math.sqrt(norm('running_var')[i]! + 1e-5)
        return Math.max(0, normal * norm('weight')[i]! + norm('bias')[i]!)
      })
      const powers = dense(x, of('fc.weight')).map((value, i) => Math.exp(value + of('fc.bias')[i]!))
      const sum = powers.reduce((a, b) => a + b)
      for (const [i, power] of powers.entries())
        expect(said.data[10 * row + i]).to.be.closeTo(power / sum, 1e-5)
    }
    // The same encoder's file without the layers says something else.
    const spread = said.data.subarray(0, 10)
    expect(Math.max(...spread) - Math.min(...spread)).to.be.above(0.01)
  })

  it('whose copy and checkpoint say the same, and evaluate what validation said', async () => {
    using encoder = await Encoder.load(path('tuned'))
    const said = await encoder.classify(images)
    await encoder.save(path('copy.safetensors'))
    for (const file of [path('copy.safetensors'), await newest('tuned')]) {
      using other = await Encoder.load(file)
      expect(other.classes).to.deep.equal(encoder.classes)
      expect(await other.classify(images)).to.deep.equal(said)
    }
    const init = path('pretrained')
    const validation = { data: scenes('test') }
    const run = await trained({ ...tuning, init, validation, epochs: 1, out: path('validated') })
    const { accuracy } = await evaluate({
      encoder: run.best!.path,
      test: scenes('test'),
      probe: 'classifier',
    })
    expect(run.best!.accuracy).to.be.closeTo(accuracy, 1e-12)
  })

  it('of another width than the features: trained, saved, loaded, begun from and taught by', async () => {
    const head = { layers: 3, hidden: 40, dim: 16 } as const
    const encoder = { width: 0.25, stem: 'stride2' } as const
    const contrastive = { ...tiny, encoder, head, data: scenes('train'), imageSize: 24, epochs: 1, limit: 48 }
    await trained({ ...contrastive, out: path('narrow') })
    const short = { ...tuning, epochs: 1, limit: 48 }
    const run = await trained({
      ...short,
      init: path('narrow'),
      head: { keep: 2 },
      out: path('narrow-tuned'),
    })
    expect(run.config.head).to.include({ keep: 2, layers: 3, hidden: 40 })
    const tensors = await tensorsOf(path('narrow-tuned', 'encoder.safetensors'))
    const shapes = ['head.layers.0.weight', 'head.layers.3.weight', 'fc.weight'].map(
      (name) => tensors.get(name)!.shape,
    )
    expect(shapes).to.deep.equal([
      [40, 128],
      [40, 40],
      [10, 40],
    ])
    using tuned = await Encoder.load(path('narrow-tuned'))
    const said = await tuned.classify(images)
    await tuned.save(path('narrow.safetensors'))
    using copy = await Encoder.load(path('narrow.safetensors'))
    expect(await copy.classify(images)).to.deep.equal(said)
    // From the file, which says the width by its shapes; an option may repeat it.
    const again = { ...short, init: path('narrow.safetensors'), optimizer: { lr: 0 } }
    await trained({ ...again, head: { keep: 1, hidden: 40 }, out: path('narrow-again') })
    const error = await rejection(trained({ ...again, head: { keep: 1, hidden: 64 }, out: path('refused') }))
    expect(error.message).to.match(
      /Expected 40, as .*narrow\.safetensors has it, for `head.hidden` but received 64/,
    )
    const student = { objective: 'distill', preset: 'distill', teacher: path('narrow-tuned') } as const
    await trained({ ...short, ...student, head: { keep: 1, hidden: 24 }, out: path('narrow-student') })
    using small = await Encoder.load(path('narrow-student'))
    expect((await small.classify(images)).shape).to.deep.equal([3, 10])
  })

  it('begins anew from a fine-tuned file, which has what its classifier stands on', async () => {
    const file = path('tuned', 'encoder.safetensors')
    const options = { ...tuning, init: file, optimizer: { lr: 0 }, epochs: 1 }
    await trained({ ...options, out: path('again') })
    const [before, after] = [await tensorsOf(file), await tensorsOf(path('again', 'encoder.safetensors'))]
    const name = 'head.layers.0.weight'
    expect(after.get(name)!.data).to.deep.equal(before.get(name)!.data)
    const error = await rejection(trained({ ...options, head: { keep: 2 }, out: path('refused') }))
    expect(error.message).to.match(/at least 2 middle layers.*but it has 1\. Set `head.keep` to 1/)
  })

  it('does not take the head of a checkpoint that its encoder has left behind', async () => {
    mkdirSync(path('left', 'checkpoints'), { recursive: true })
    copyFileSync(path('pretrained', 'encoder.safetensors'), path('left', 'encoder.safetensors'))
    const [, first] = await listCheckpoints(path('pretrained', 'checkpoints'))
    copyFileSync(first!, path('left', 'checkpoints', 'step-00000000.safetensors'))
    const error = await rejection(trained({ ...tuning, init: path('left'), out: path('refused') }))
    expect(error).to.have.property('code', 'ERR_SIMCLR_INCOMPATIBLE_WEIGHTS')
    // With its newest checkpoint it is whole.
    copyFileSync(await newest('pretrained'), path('left', 'checkpoints', 'step-00000018.safetensors'))
    await trained({ ...tuning, init: path('left'), epochs: 1, limit: 32, out: path('whole') })
    rmSync(path('left'), { recursive: true })
  })

  it('in a process of its own, and in two that share a batch', async () => {
    const options = { ...tuning, init: path('pretrained'), epochs: 1, limit: 48 }
    for (const [name, how] of [
      ['isolated', { isolate: true }],
      ['shared', { processes: 2 }],
    ] as const) {
      await trained({ ...options, ...how, out: path(name) })
      using encoder = await Encoder.load(path(name))
      expect((await encoder.classify(images)).shape).to.deep.equal([3, 10])
    }
  })

  for (const [name, options, message] of [
    [
      'an encoder file, which has no head',
      { init: 'pretrained/encoder.safetensors' },
      /at least 1 middle layers of a projection head in .*, for `head.keep`, but it has 0\. Encoder files/,
    ],
    ['more layers than there are', { init: 'pretrained', head: { keep: 3 } }, /but it has 2\. Set/],
    ['the last layer', { head: { keep: 2, layers: 2 } }, /fewer than the head's 2 layers for `head.keep`/],
    [
      'kept layers that nothing stands on',
      { preset: 'torch', objective: 'contrastive' },
      /0 where the objective is 'contrastive' for `head.keep` but received 1/,
    ],
  ] as const) {
    it(`refuses ${name}`, async () => {
      const init = 'init' in options ? { init: path(options.init) } : {}
      const error = await rejection(train({ ...tuning, ...options, ...init, out: path('refused') }))
      expect(error.message).to.match(message)
    })
  }
})
