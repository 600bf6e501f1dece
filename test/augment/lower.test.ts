import { expect } from 'chai'

import { SimclrError } from '../../lib/addon/errors.ts'
import { loadAddon } from '../../lib/addon/load.ts'
import {
  blurKernel,
  evaluationFamily,
  type Family,
  lower,
  recipes,
  simclrFamily,
  simclrSettings,
} from '../../lib/augment/index.ts'

describe('lower', () => {
  it("gives the paper's ImageNet plan", () => {
    expect(lower(recipes.paperImagenet.family, 224)).to.deep.equal({
      size: 224,
      crop: {
        sampling: 'paper',
        area: [0.08, 1],
        aspect: [3 / 4, 4 / 3],
        filter: 'bicubic',
        antialias: false,
      },
      center: null,
      flip: 0.5,
      verticalFlip: 0,
      turn: null,
      jitter: {
        probability: 0.8,
        brightness: 0.8,
        brightnessMode: 'multiply',
        hueMode: 'exact',
        contrast: 0.8,
        saturation: 0.8,
        hue: 0.2,
        operators: 'paper',
      },
      gray: 0.2,
      blur: { probability: 0.5, sigma: [0.1, 2], kernel: 23, padding: 'zero' },
      solarize: null,
      normalize: null,
    })
  })

  it("gives lightly's CIFAR plan: half the colour strength, no blur, ImageNet statistics", () => {
    const plan = lower(recipes.torchCifar.family, 32)
    expect(plan.jitter).to.include({
      brightness: 0.4,
      contrast: 0.4,
      saturation: 0.4,
      hue: 0.1,
      operators: 'torch',
    })
    expect(plan.crop).to.include({ sampling: 'torch', filter: 'bilinear', antialias: true })
    expect(plan.blur).to.equal(null)
    expect(plan.normalize).to.deep.equal({ mean: [0.485, 0.456, 0.406], std: [0.229, 0.224, 0.225] })
  })

  it('makes the blur a tenth of the view, odd', () => {
    const kernels = [224, 96, 64, 32, 28, 16].map(blurKernel)
    expect(kernels).to.deep.equal([23, 9, 7, 3, 3, 1])
  })

  it('evaluates the central 0.875 above 32 px and the whole image below', () => {
    const paper = lower(evaluationFamily('paper', 224), 224)
    expect(paper.center).to.deep.equal({ share: 0.875, filter: 'bicubic', antialias: false })
    expect([paper.crop, paper.jitter, paper.blur, paper.normalize]).to.deep.equal([null, null, null, null])
    expect([paper.flip, paper.gray]).to.deep.equal([0, 0])
    const torch = lower(evaluationFamily('torch', 32), 32)
    expect(torch.center).to.deep.equal({ share: 1, filter: 'bilinear', antialias: true })
    expect(torch.normalize).to.not.equal(null)
  })

  it('has flips and turns of images without an up where they are asked for', () => {
    const settings = { ...simclrSettings('paper', 224, 1), verticalFlip: 0.5, quarterTurn: 0.75 }
    const plan = lower(simclrFamily(settings), 224)
    expect(plan).to.deep.equal({
      ...lower(recipes.paperImagenet.family, 224),
      verticalFlip: 0.5,
      turn: { probability: 0.75, mode: 'any' },
    })
    const left = lower(simclrFamily({ ...settings, verticalFlip: 0, quarterTurnMode: 'left' }), 224)
    expect([left.verticalFlip, left.turn]).to.deep.equal([0, { probability: 0.75, mode: 'left' }])
  })

  it('resizes the largest central square where no crop is given', () => {
    expect(lower([], 64).center).to.deep.equal({ share: 1, filter: 'bilinear', antialias: true })
  })

  it('refuses operators out of order, twice, or two crops', () => {
    const flip = { op: 'horizontalFlip', probability: 0.5 } as const
    const gray = { op: 'grayscale', probability: 0.2 } as const
    const crops = [recipes.paperImagenet.family[0]!, evaluationFamily('paper', 224)[0]!]
    const turn = { op: 'quarterTurn', probability: 0.5, mode: 'any' } as const
    for (const family of [[gray, flip], [flip, flip], [turn, flip], crops] as Family[]) {
      expect(() => lower(family, 32))
        .to.throw(SimclrError, family.map(({ op }) => op).join(', '))
        .with.property('code', 'ERR_SIMCLR_INVALID_ARGUMENT')
    }
  })

  it('gives plans that native code accepts', () => {
    for (const { family, size } of Object.values(recipes)) {
      expect(new (loadAddon().Augmenter)(lower(family, size))).to.have.property('batch')
    }
  })
})

describe('Augmenter', () => {
  const plan = lower(recipes.torchImagenet.family, 64)
  const broken = {
    'blur.kernel': { ...plan, blur: { ...plan.blur!, kernel: 4 } },
    'blur.kernel at size': { ...plan, size: 8, blur: { ...plan.blur!, kernel: 17 } },
    'blur.sigma': { ...plan, blur: { ...plan.blur!, sigma: [0, 1] as [number, number] } },
    'crop.area': { ...plan, crop: { ...plan.crop!, area: [0.5, 0.4] as [number, number] } },
    size: { ...plan, size: 0 },
    crop: { ...plan, crop: null },
  }
  for (const [name, value] of Object.entries(broken)) {
    it(`refuses a plan with a wrong ${name}`, () => {
      expect(() => new (loadAddon().Augmenter)(value))
        .to.throw(`\`${name.split(' ')[0]}\``)
        .with.property('code', 'ERR_SIMCLR_INVALID_ARGUMENT')
    })
  }

  it('names the option that is no plan option', () => {
    const turned = { ...plan, turn: { probability: 1, mode: 'right' } } as unknown as typeof plan
    expect(() => new (loadAddon().Augmenter)(turned)).to.throw(/any or left for `mode` but received right/)
    const odd = { ...plan, crop: { ...plan.crop!, filter: 'nearest' } } as unknown as typeof plan
    expect(() => new (loadAddon().Augmenter)(odd)).to.throw(
      /bilinear or bicubic for `filter` but received nearest/,
    )
  })

  it('scales colours with the strength', () => {
    const family = simclrFamily(simclrSettings('torch', 64, 2))
    expect(lower(family, 64).jitter).to.include({ brightness: 1.6, hue: 0.4 })
  })
})
