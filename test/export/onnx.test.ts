import { readFileSync } from 'node:fs'
import { expect } from 'chai'
import * as ort from 'onnxruntime-web'
import type { NativeTensor } from '../../lib/addon/interface.ts'
import type { UntrainedSpec } from '../../lib/config/encoder-options.ts'
import { Encoder } from '../../lib/encoder.ts'
import { encoderOnnx } from '../../lib/export/onnx.ts'
import { readSafetensors, writeSafetensors } from '../../lib/io/safetensors.ts'
import { tensorFrom, toFloat32 } from '../../lib/io/tensor.ts'
import { simclr } from '../support/cli.ts'
import { temporaryFolder } from '../support/folder.ts'

/** From -0.5 to 0.5, the same every time. */
function noise(count: number, seed: number): Float32Array {
  let state = seed
  return Float32Array.from({ length: count }, () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    return state / 2 ** 32 - 0.5
  })
}

/** BatchNorm as training leaves it: no mean 0, no variance 1, no scale 1. */
function trained({ name, shape, ...tensor }: NativeTensor, seed: number): NativeTensor {
  const values = toFloat32({ name, shape, ...tensor })
  if (shape.length !== 1 || tensor.dtype !== 'F32') return { name, shape, ...tensor }
  const moved = noise(values.length, seed).map((n) => (/(var|weight)$/.test(name) ? 1 + n : 0.4 * n))
  return tensorFrom(name, shape, moved)
}

/** First layers of a projection head, `dim` wide, as an encoder file has them. */
function headOf(layers: number, features: number, dim: number): NativeTensor[] {
  return Array.from({ length: layers }, (_, i) => {
    const [dense, norm] = [`head.layers.${3 * i}`, `head.layers.${3 * i + 1}`]
    const vectors = ['weight', 'bias', 'running_mean', 'running_var'].map((name, at) =>
      trained(tensorFrom(`${norm}.${name}`, [dim], new Float32Array(dim)), 20 + 5 * i + at),
    )
    const inputs = i === 0 ? features : dim
    return [
      tensorFrom(`${dense}.weight`, [dim, inputs], noise(dim * inputs, 30 + i)),
      ...vectors,
      { name: `${norm}.num_batches_tracked`, dtype: 'I64' as const, shape: [], data: new Uint8Array(8) },
    ]
  }).flat()
}

describe('an encoder as an ONNX graph, in onnxruntime', function () {
  this.timeout(120_000)
  const path = temporaryFolder()
  const normalize = {
    mean: [0.4, 0.5, 0.6] as [number, number, number],
    std: [0.2, 0.25, 0.3] as [number, number, number],
  }

  /** An encoder of random weights and BatchNorms, through its file. */
  async function encoderOf(
    spec: UntrainedSpec,
    imageSize: number,
    classes: string[] | null = null,
    layers = 0,
    hidden: number | null = null,
  ) {
    const convention = spec.convention ?? 'torch'
    using plain = await Encoder.random(spec, { imageSize, convention, normalize })
    const file = path('plain.safetensors')
    await plain.save(file)
    const { tensors, metadata } = await readSafetensors(file)
    const { sha256: _, ...kept } = metadata
    const moved = tensors.map((tensor, i) => trained(tensor, i + 1))
    if (classes !== null) {
      kept.classes = JSON.stringify(classes)
      const [count, dim] = [classes.length, hidden ?? plain.featureDim]
      moved.push(tensorFrom('fc.weight', [count, dim], noise(count * dim, 7)))
      moved.push(tensorFrom('fc.bias', [count], noise(count, 8)))
    }
    if (layers > 0) {
      kept.head = JSON.stringify({ layers, convention })
      moved.push(...headOf(layers, plain.featureDim, hidden ?? plain.featureDim))
    }
    await writeSafetensors(file, moved, kept)
    return await Encoder.load(file)
  }

  /** Of that size, so that nothing is resampled: pixels as the encoder takes them and as the graph does. */
  function pictures(count: number, side: number) {
    const images = Array.from({ length: count }, (_, i) => ({
      data: Uint8Array.from(noise(side * side * 3, 100 + i), (n) => Math.round((n + 0.5) * 255)),
      width: side,
      height: side,
      channels: 3 as const,
    }))
    const input = new Float32Array(count * 3 * side * side)
    for (const [i, { data }] of images.entries()) {
      for (const [at, value] of data.entries())
        input[(i * 3 + (at % 3)) * side * side + Math.floor(at / 3)] = value / 255
    }
    return { images, input: new ort.Tensor('float32', input, [count, 3, side, side]) }
  }

  async function run(encoder: Encoder, input: ort.Tensor) {
    const file = path('encoder.onnx')
    await encoder.save(file)
    const session = await ort.InferenceSession.create(new Uint8Array(readFileSync(file)))
    expect(session.inputNames).to.deep.equal(['images'])
    return await session.run({ images: input })
  }

  function expectClose(received: ort.Tensor, data: Float32Array, shape: readonly number[]) {
    expect(received.dims).to.deep.equal(shape)
    const values = received.data as Float32Array
    const largest = data.reduce((most, value) => Math.max(most, Math.abs(value)), 0)
    const furthest = values.reduce((most, value, i) => Math.max(most, Math.abs(value - data[i]!)), 0)
    expect(largest).to.be.greaterThan(0)
    expect(furthest / largest, 'relative to the largest').to.be.lessThan(1e-4)
  }

  const cases: [string, UntrainedSpec, number][] = [
    ['torch, ImageNet stem', { arch: 'resnet18', width: 0.25, stem: 'imagenet', convention: 'torch' }, 32],
    [
      'torch, CIFAR stem, bottlenecks',
      { arch: 'resnet50', width: 0.125, stem: 'cifar', convention: 'torch' },
      16,
    ],
    ['torch, stride-2 stem', { arch: 'resnet34', width: 0.125, stem: 'stride2', convention: 'torch' }, 24],
    ['paper, ImageNet stem', { arch: 'resnet50', width: 0.125, stem: 'imagenet', convention: 'paper' }, 32],
    // 15 pixels before the pooling: SAME pads both sides.
    [
      'paper, pooling of an odd size',
      { arch: 'resnet18', width: 0.25, stem: 'imagenet', convention: 'paper' },
      30,
    ],
    [
      'selective kernels, ImageNet stem',
      { arch: 'resnet50', width: 0.25, stem: 'imagenet', convention: 'paper', skRatio: 0.0625 },
      32,
    ],
    // 15, 8, 4 and 2 pixels: the shortcut's pooling counts zeros behind an odd size.
    [
      'selective kernels, odd sizes',
      { arch: 'resnet50', width: 0.125, stem: 'cifar', convention: 'paper', skRatio: 0.0625 },
      15,
    ],
  ]
  for (const [name, spec, side] of cases) {
    it(`gives the features that embed gives: ${name}`, async () => {
      using encoder = await encoderOf(spec, side)
      const { images, input } = pictures(3, side)
      const { data, shape } = await encoder.embed(images)
      const { features, ...others } = await run(encoder, input)
      expectClose(features!, data, shape)
      expect(others).to.deep.equal({})
    })
  }

  it('gives the probabilities that classify gives, and the names of the classes', async () => {
    const spec = { arch: 'resnet18', width: 0.25, stem: 'cifar', convention: 'torch' } as const
    using encoder = await encoderOf(spec, 16, ['cat', 'dog', 'Größe'])
    const { images, input } = pictures(2, 16)
    const { data, shape } = await encoder.classify(images)
    const { probabilities, features } = await run(encoder, input)
    expectClose(probabilities!, data, shape)
    expect(features!.dims).to.deep.equal([2, encoder.featureDim])
    const text = readFileSync(path('encoder.onnx')).toString('utf8')
    for (const known of ['["cat","dog","Größe"]', 'imageSize', '"mean":[0.4,0.5,0.6]'])
      expect(text).to.include(known)
  })

  for (const hidden of [null, 24]) {
    it(`gives those of a classifier on two layers of the head${hidden ? `, ${hidden} wide` : ''}`, async () => {
      const spec = { arch: 'resnet18', width: 0.25, stem: 'cifar', convention: 'torch' } as const
      using encoder = await encoderOf(spec, 16, ['cat', 'dog', 'cow'], 2, hidden)
      const { images, input } = pictures(3, 16)
      const { data, shape } = await encoder.classify(images)
      expect(Math.max(...data) - Math.min(...data)).to.be.above(0.01)
      const { probabilities, features } = await run(encoder, input)
      expectClose(probabilities!, data, shape)
      const embedded = await encoder.embed(images)
      expectClose(features!, embedded.data, embedded.shape)
    })
  }

  it('is what `simclr export` writes', async () => {
    using encoder = await encoderOf({ arch: 'resnet18', width: 0.125 }, 16)
    await encoder.save(path('saved.onnx'))
    const [from, out] = [path('plain.safetensors'), path('new', 'exported.onnx')]
    const { code, stdout } = await simclr(['export', '--encoder', from, '--out', out, '--json'])
    const { type, imageSize, features, classes } = JSON.parse(stdout)
    expect([code, type, imageSize, features, classes]).to.deep.equal([0, 'result', 16, 64, null])
    expect(readFileSync(out)).to.deep.equal(readFileSync(path('saved.onnx')))
    const wrong = await simclr(['export', '--encoder', from, '--out', path('encoder.pt')])
    expect([wrong.code, wrong.stdout]).to.deep.equal([2, ''])
    expect(wrong.stderr).to.include('Expected a path ending in .onnx or .safetensors')
  })

  it('is an error where the weights are too many for one file', () => {
    const tensor = { name: 'conv1.weight', dtype: 'F32', shape: [1], data: { byteLength: 2 ** 31 } }
    expect(() => encoderOnnx({ tensors: [tensor] } as never))
      .to.throw(
        'Expected at most 2 GB of weights, the most that an ONNX file holds, but the encoder has 2.1 GB.',
      )
      .with.property('code', 'ERR_SIMCLR_INVALID_ARGUMENT')
  })
})
