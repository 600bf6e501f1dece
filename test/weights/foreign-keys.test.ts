import { expect } from 'chai'
import { findEncoder, foreignNote, type NamedShape } from '../../lib/weights/foreign-keys.ts'

/** The arrays of a ResNet-18 that names depend on. */
const resnet = [
  'conv1.weight [64,3,7,7]',
  'bn1.weight [64]',
  'bn1.running_mean [64]',
  ...[1, 2, 3, 4].flatMap((group) => [
    `layer${group}.0.conv1.weight [64,64,3,3]`,
    `layer${group}.0.downsample.0.weight [64,64,1,1]`,
    `layer${group}.1.bn2.bias [64]`,
  ]),
]

function arrays(...names: string[]): NamedShape[] {
  return names.map((text) => {
    const [name, shape] = text.split(' ')
    return { name: name!, shape: shape ? (JSON.parse(shape) as number[]) : [1] }
  })
}

const under = (prefix: string, names: string[] = resnet) => names.map((name) => prefix + name)
/** As children of a Sequential: conv1, bn1 and the four groups have these numbers. */
const numbered = (...numbers: number[]) =>
  ['conv1', 'bn1', 'layer1', 'layer2', 'layer3', 'layer4'].reduce(
    (names, child, i) => names.map((name) => name.replace(new RegExp(`^${child}\\.`), `${numbers[i]}.`)),
    resnet,
  )
const find = (...names: string[]) => findEncoder('x.pt', arrays(...names))

describe('names of other networks', () => {
  const expected = arrays(...resnet)

  for (const prefix of [
    '',
    'module.',
    'encoder.',
    'backbone.',
    'model.',
    'resnet.',
    'student.',
    'state_dict.module.encoder_q.',
  ]) {
    it(`an encoder behind "${prefix}"`, () => {
      expect(find(...under(prefix))).to.deep.equal({ prefix, arrays: expected, unused: [] })
    })
  }

  for (const [what, numbers] of [
    ["torchvision's children", [0, 1, 4, 5, 6, 7]],
    ['children behind a normalisation', [1, 2, 5, 6, 7, 8]],
  ] as const) {
    it(`a Sequential of ${what}`, () => {
      const found = find(
        ...under('backbone.', numbered(...numbers)),
        'projection_head.layers.0.weight [512,512]',
      )
      expect(found).to.deep.equal({ prefix: 'backbone.', arrays: expected, unused: ['projection_head'] })
    })
  }

  it('a Sequential may lack the pooling of a stem of 3x3 kernels, and nothing else', () => {
    const small = (names: string[]) => names.map((name) => name.replace('[64,3,7,7]', '[64,3,3,3]'))
    expect(find(...small(numbered(0, 1, 3, 4, 5, 6)))?.arrays).to.deep.equal(arrays(...small(resnet)))
    for (const [names, what] of [
      [numbered(0, 1, 3, 4, 5, 6), /Expected ReLU and pooling between/],
      [small(numbered(0, 1, 2, 3, 4, 5)), /Expected ReLU between/],
    ] as const) {
      expect(() => find(...names))
        .to.throw(what)
        .with.property('code', 'ERR_SIMCLR_INCOMPATIBLE_WEIGHTS')
    }
  })

  it("lightly's shortcuts are torchvision's downsamplings", () => {
    const theirs = resnet.map((name) => name.replace('downsample', 'shortcut'))
    expect(find(...theirs)?.arrays).to.deep.equal(expected)
  })

  it('copies by moving average, heads, queues and optimizers are left, each by what its names share', () => {
    const found = find(
      ...under('state_dict.module.encoder_q.'),
      'state_dict.module.encoder_q.fc.0.weight [2048,2048]',
      'state_dict.module.encoder_q.fc.2.weight [128,2048]',
      ...under('state_dict.module.encoder_k.'),
      'state_dict.module.queue [128,65536]',
      'optimizer.state.0.momentum_buffer [64,3,7,7]',
    )
    expect(found?.prefix).to.equal('state_dict.module.encoder_q.')
    expect(found?.unused).to.deep.equal([
      'state_dict.module.encoder_q.fc',
      'state_dict.module.encoder_k',
      'state_dict.module.queue',
      'optimizer',
    ])
  })

  for (const copy of [
    'backbone_momentum.',
    'teacher.backbone.',
    'target_network.',
    'model_ema.',
    'teacher_backbone.',
  ]) {
    it(`"${copy}" is taken where it is alone`, () => {
      expect(find(...under(copy), ...under('backbone.'))?.prefix).to.equal('backbone.')
      expect(find(...under(copy))?.prefix).to.equal(copy)
    })
  }

  it('of two encoders none is taken, and the error names both', () => {
    expect(() => find(...under('image.'), ...under('sketch.')))
      .to.throw(/several, whose names begin with "image\." and "sketch\."/)
      .with.property('code', 'ERR_SIMCLR_INCOMPATIBLE_WEIGHTS')
  })

  it('there is none without a first convolution over three channels, or with numbers that are no four groups', () => {
    expect(find(...resnet.slice(1))).to.equal(null)
    expect(find('conv1.weight [64,1,7,7]', ...resnet.slice(1))).to.equal(null)
    expect(find('features.0.weight [64,3,3,3]', 'features.3.0.conv1.weight [64,64,3,3]')).to.equal(null)
  })

  it('a note says what was taken and what was left', () => {
    const spec = { arch: 'resnet18', width: 1, stem: 'imagenet', convention: 'torch', skRatio: 0 } as const
    expect(foreignNote('x.pt', spec, { prefix: '', unused: [] })).to.equal(null)
    expect(foreignNote('x.pt', spec, { prefix: 'm.', unused: ['fc', 'queue'] })).to.equal(
      'x.pt: the arrays whose names begin with m. are a resnet18. Not used: fc, queue.',
    )
    const many = Array.from({ length: 10 }, (_, i) => `h${i}`)
    expect(foreignNote('x.pt', spec, { prefix: '', unused: many })).to.equal(
      'x.pt: the arrays are a resnet18. Not used: h0, h1, h2, h3, h4, h5, h6, h7 and 2 more.',
    )
  })
})
