/**
 * An encoder as an ONNX graph, for where there is no LibTorch: browsers, phones, other languages. In evaluation BatchNorm is
 * a scale and a shift of every channel, so it goes into the kernels and biases of the convolutions before it (in double);
 * what is left are convolutions, ReLU, additions and poolings, and dense layers of a classifier.
 */
import { SimclrError } from '../addon/errors.ts'
import type { DenseLayer, NativeTensor } from '../addon/interface.ts'
import { toFloat32 } from '../io/tensor.ts'
import { type EncoderWeights, encoderMetadata } from '../weights/encoder-file.ts'
import { foldedNorm } from '../weights/folded-norm.ts'
import { denseLayers } from '../weights/kept-head.ts'
import { encodeOnnx, type Graph } from './onnx-file.ts'

/** A protocol buffer has less than 2 GiB. */
const mostBytes = 2 ** 31 - 2 ** 20

/**
 * The bytes of the file. Input `images` [N, 3, imageSize, imageSize]: RGB from 0 to 1, which the graph normalises. Output
 * `features` [N, featureDim], and of an encoder with a classifier `probabilities` [N, classes]. Throws
 * ERR_SIMCLR_INVALID_ARGUMENT where the weights are too many for one file.
 */
export function encoderOnnx(weights: EncoderWeights): Uint8Array {
  const bytes = weights.tensors.reduce((sum, { data }) => sum + data.byteLength, 0)
  if (bytes > mostBytes) {
    throw new SimclrError(
      'ERR_SIMCLR_INVALID_ARGUMENT',
      `Expected at most 2 GB of weights, the most that an ONNX file holds, but the encoder has ${(bytes / 1e9).toFixed(1)} GB. Save it as .safetensors.`,
    )
  }
  return encodeOnnx(new GraphBuilder(weights).graph())
}

/** Names of values are those of the weights that make them. */
class GraphBuilder {
  readonly #from: EncoderWeights
  readonly #tensors: ReadonlyMap<string, NativeTensor>
  readonly #nodes: Graph['nodes'] = []
  readonly #weights: Graph['weights'] = []

  constructor(from: EncoderWeights) {
    this.#from = from
    this.#tensors = new Map(from.tensors.map((tensor) => [tensor.name, tensor]))
  }

  graph(): Graph {
    const { spec, preprocessing, classifier } = this.#from
    const { imageSize } = preprocessing
    const dim = this.#tensor('layer4.0.downsample.0.weight').shape[0]!
    let x = this.#stem(this.#normalized('images'))
    for (const group of [1, 2, 3, 4]) {
      for (let block = 0; this.#has(`layer${group}.${block}.conv1`); block++)
        x = this.#block(`layer${group}.${block}`, x, group > 1 && block === 0 ? 2 : 1)
    }
    this.#node('Flatten', [this.#node('GlobalAveragePool', [x], 'average')], 'features', { axis: 1 })
    const outputs: Graph['outputs'] = [{ name: 'features', shape: ['N', dim] }]
    if (classifier) {
      const classes = classifier.classes.length
      const kept = classifier.head ? denseLayers(classifier.head) : []
      const x = kept.reduce((x, layer, i) => this.#relu(this.#dense(`head.${i}`, x, layer)), 'features')
      this.#node('Softmax', [this.#dense('fc', x, classifier, 'logits')], 'probabilities', { axis: 1 })
      outputs.push({ name: 'probabilities', shape: ['N', classes] })
    }
    return {
      name: spec.arch,
      nodes: this.#nodes,
      weights: this.#weights,
      inputs: [{ name: 'images', shape: ['N', 3, imageSize, imageSize] }],
      outputs,
      metadata: encoderMetadata(this.#from),
    }
  }

  /** A dense layer with bias. */
  #dense(name: string, x: string, { weight, bias }: DenseLayer, output = name): string {
    const inputs = [
      x,
      this.#weight(`${name}.weight`, [bias.length, weight.length / bias.length], weight),
      this.#weight(`${name}.bias`, [bias.length], bias),
    ]
    return this.#node('Gemm', inputs, output, { transB: 1 })
  }

  #normalized(images: string): string {
    const { normalize } = this.#from.preprocessing
    if (normalize === null) return images
    const mean = this.#weight('mean', [1, 3, 1, 1], Float32Array.from(normalize.mean))
    const std = this.#weight('std', [1, 3, 1, 1], Float32Array.from(normalize.std))
    return this.#node('Div', [this.#node('Sub', [images, mean], 'centred'), std], 'normalized')
  }

  #stem(images: string): string {
    const { stem, convention } = this.#from.spec
    let x = images
    if (this.#has('stem.0')) {
      // SK networks': three convolutions, of which the first strides.
      for (const [i, stride] of [
        [0, 2],
        [3, 1],
        [6, 1],
      ] as const)
        x = this.#relu(this.#convolution(`stem.${i}`, `stem.${i + 1}`, x, stride))
    } else {
      x = this.#relu(this.#convolution('conv1', 'bn1', x, stem === 'cifar' ? 1 : 2))
    }
    if (stem !== 'imagenet') return x
    const padding = convention === 'torch' ? { pads: [1, 1, 1, 1] } : same(this.#stemSide())
    return this.#node('MaxPool', [x], 'pooled', { kernel_shape: [3, 3], strides: [2, 2], ...padding })
  }

  /** Of what the imagenet stem's convolutions make. */
  #stemSide(): number {
    return Math.ceil(this.#from.preprocessing.imageSize / 2)
  }

  #block(name: string, x: string, stride: 1 | 2): string {
    let h = x
    if (!this.#has(`${name}.conv3`)) {
      h = this.#relu(this.#convolution(`${name}.conv1`, `${name}.bn1`, h, stride))
      h = this.#convolution(`${name}.conv2`, `${name}.bn2`, h)
    } else {
      h = this.#relu(this.#convolution(`${name}.conv1`, `${name}.bn1`, h))
      h = this.#has(`${name}.conv2.streams`)
        ? this.#selectiveKernel(`${name}.conv2`, h, stride)
        : this.#relu(this.#convolution(`${name}.conv2`, `${name}.bn2`, h, stride))
      h = this.#convolution(`${name}.conv3`, `${name}.bn3`, h)
    }
    return this.#relu(this.#node('Add', [h, this.#shortcut(`${name}.downsample`, x, stride)], `${name}.sum`))
  }

  #shortcut(name: string, x: string, stride: 1 | 2): string {
    if (!this.#has(`${name}.0`)) return x
    if (this.#from.spec.skRatio === 0) return this.#convolution(`${name}.0`, `${name}.1`, x, stride)
    // native/core/nn/layers.cc, shortcut_pool: with stride 2 a row and a column of zeros count, with 1 they do not.
    const pooled = this.#node('AveragePool', [x], `${name}.pooled`, {
      kernel_shape: [2, 2],
      strides: [stride, stride],
      pads: [0, 0, 1, 1],
      count_include_pad: stride === 2 ? 1 : 0,
    })
    return this.#convolution(`${name}.0`, `${name}.1`, pooled)
  }

  /** native/core/nn/selective_kernel.cc */
  #selectiveKernel(name: string, x: string, stride: 1 | 2): string {
    const streams = this.#relu(this.#convolution(`${name}.streams`, `${name}.streams_norm`, x, stride))
    const [a, b] = this.#halves(streams)
    const pooled = this.#node(
      'GlobalAveragePool',
      [this.#node('Add', [a, b], `${name}.both`)],
      `${name}.mean`,
    )
    const squeezed = this.#relu(this.#convolution(`${name}.squeeze`, `${name}.squeeze_norm`, pooled))
    const [first, second] = this.#halves(this.#convolution(`${name}.expand`, null, squeezed))
    const share = this.#node('Sigmoid', [this.#node('Sub', [first, second], `${name}.gap`)], `${name}.share`)
    const difference = this.#node('Sub', [a, b], `${name}.difference`)
    return this.#node('Add', [b, this.#node('Mul', [difference, share], `${name}.moved`)], `${name}.mixed`)
  }

  #halves(x: string): [string, string] {
    const outputs: [string, string] = [`${x}.first`, `${x}.second`]
    this.#nodes.push({ operator: 'Split', inputs: [x], outputs, attributes: { axis: 1 } })
    return outputs
  }

  /** A convolution with (k - 1) / 2 zeros on each side, and the BatchNorm behind it where there is one. */
  #convolution(name: string, norm: string | null, x: string, stride: 1 | 2 = 1): string {
    const { shape } = this.#tensor(`${name}.weight`)
    const side = shape[2]!
    const inputs = [x]
    if (norm === null)
      inputs.push(this.#weight(`${name}.weight`, shape, toFloat32(this.#tensor(`${name}.weight`))))
    else inputs.push(...this.#folded(name, norm))
    const padding = (side - 1) / 2
    return this.#node('Conv', inputs, name, {
      kernel_shape: [side, side],
      strides: [stride, stride],
      pads: [padding, padding, padding, padding],
    })
  }

  /** Kernel and bias that do what kernel and BatchNorm do. */
  #folded(name: string, norm: string): [string, string] {
    const kernel = this.#tensor(`${name}.weight`)
    const { weight, bias } = foldedNorm(kernel, (of) => this.#tensor(`${norm}.${of}`))
    return [
      this.#weight(`${name}.weight`, kernel.shape, weight),
      this.#weight(`${name}.bias`, [bias.length], bias),
    ]
  }

  #relu(x: string): string {
    return this.#node('Relu', [x], `${x}.relu`)
  }

  #node(
    operator: string,
    inputs: string[],
    output: string,
    attributes: Graph['nodes'][number]['attributes'] = {},
  ): string {
    this.#nodes.push({ operator, inputs, outputs: [output], attributes })
    return output
  }

  #weight(name: string, shape: readonly number[], values: Float32Array): string {
    this.#weights.push({ name, shape, values })
    return name
  }

  #has(name: string): boolean {
    return this.#tensors.has(`${name}.weight`)
  }

  #tensor(name: string): NativeTensor {
    return this.#tensors.get(name)!
  }
}

/** Padding of a 3x3/2 pool of `side` pixels as TensorFlow's SAME has it: what is odd goes behind. */
function same(side: number): { pads: readonly number[] } {
  const total = Math.max((Math.ceil(side / 2) - 1) * 2 + 3 - side, 0)
  const [before, after] = [Math.floor(total / 2), Math.ceil(total / 2)]
  return { pads: [before, before, after, after] }
}
