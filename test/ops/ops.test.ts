import { expect } from 'chai'

import { SimclrError } from '../../lib/addon/errors.ts'
import { ops } from '../../lib/ops/index.ts'
import { rejection } from '../support/rejection.ts'
import { naiveNtXent, randomRows } from './naive.ts'

describe('ops', () => {
  it('ntXent has the paper as its default convention', () => {
    const z = randomRows(8 * 5, 1)
    const naive = naiveNtXent(z, { dim: 5, temperature: 0.1, normalize: true })
    expect(ops.ntXent(z, { dim: 5 }).loss).to.be.closeTo(naive.loss, 1e-12)
    expect(ops.ntXent(z, { dim: 5, convention: 'torch' }).loss).to.be.closeTo(naive.loss / 2, 1e-12)
  })

  it('ntXent descends', () => {
    const z = randomRows(2 * 16 * 8, 3)
    const before = ops.ntXent(z, { dim: 8, temperature: 0.5 })
    const after = ops.ntXent(
      z.map((x, i) => x - before.gradient[i]!),
      { dim: 8, temperature: 0.5 },
    )
    expect(after.loss).to.be.below(before.loss)
  })

  it('augment runs one operator, and says which there are', () => {
    const image = { data: Float32Array.from({ length: 12 }, (_, i) => i / 12), width: 2, height: 2 }
    const flipped = ops.augment('paper.flip', image)
    expect([...flipped.data.slice(0, 3)]).to.deep.equal([...image.data.slice(3, 6)])
    expect(() => ops.augment('sharpen', image)).to.throw(/paper\.flip/)
    expect(() => ops.augment('paper.flip', { ...image, width: 3 })).to.throw(/18 values/)
  })

  it('say what was expected, what came and what to do', async () => {
    const z = new Float32Array(16).fill(1)
    const variable = { weight: z, gradient: z.slice(), momentum: z.slice() }
    const labels = Int32Array.of(0, 1)
    const pixels = { data: new Float32Array(12), width: 2, height: 2 }
    using net = ops.resnet({ width: 0.125, stem: 'cifar', headLayers: 0 })
    const wrong: [() => unknown, string][] = [
      [() => ops.ntXent(z, undefined as never), 'an object of options for `options` but received undefined'],
      [() => ops.ntXent(z, { dim: Number.NaN }), '`dim` but received NaN'],
      [() => ops.ntXent(z, { dim: 3 }), 'a multiple of 6, for `z.length` but received 16'],
      [() => ops.ntXent(new Float32Array(0), { dim: 2 }), '`z.length` but received 0'],
      [
        () => ops.ntXent(z, { dim: 2, temperature: -1 }),
        'a number above 0 for `temperature` but received -1',
      ],
      [() => ops.ntXent(z, { dim: 2, views: 2.5 }), '`views` but received 2.5'],
      [() => ops.ntXent([1, 2] as never, { dim: 1 }), '`z` but received [ 1, 2 ]'],
      [() => ops.ntXent(z, { dim: 2, tau: 1 } as never), 'a known option but received `tau`'],
      [() => ops.lars(variable as never, 1), 'an array of { weight, gradient, momentum } for `variables`'],
      [() => ops.lars([undefined as never], 1), '`variables[0].weight` but received undefined'],
      [() => ops.lars([variable], Number.NaN), '`lr` but received NaN'],
      [() => ops.lars([variable], -1), '`lr` but received -1'],
      [() => ops.sgd([variable], 1, { weightDecay: -1 }), '`weightDecay` but received -1'],
      [() => ops.knn(z, [0, 1] as never, z, { dim: 8 }), 'an Int32Array for `labels` but received [ 0, 1 ]'],
      [
        () => ops.knn(z, labels, z, { dim: 4 }),
        'one label for each of 4 rows for `labels.length` but received 2',
      ],
      [() => ops.knn(z, labels, z.slice(1), { dim: 8 }), '`queries.length` but received 15'],
      [
        () => ops.knn(z, labels, z, { dim: 8, classes: 1 }),
        'a class from 0 to 0 for `labels[1]` but received 1',
      ],
      [() => ops.knn(z, Int32Array.of(-1, 0), z, { dim: 8 }), '`labels[0]` but received -1'],
      [() => ops.knn(z, labels, z, { dim: 8, k: 1.5 }), '`k` but received 1.5'],
      [() => ops.linearProbe(z, labels, z, { dim: 8, l2: -1 }), '`l2` but received -1'],
      [() => ops.augment('paper.flip', undefined as never), '`image.data` but received undefined'],
      [() => ops.augment('paper.flip', { ...pixels, width: 1.5 }), '`image.width` but received 1.5'],
      [() => ops.augment('paper.flip', { ...pixels, data: [0] as never }), '`image.data` but received [ 0 ]'],
      [() => ops.resnet({ width: 0.3 }), '`width` but received 0.3'],
      [() => ops.resnet({ seed: -1 }), '`seed` but received -1'],
      [() => ops.resnet({ arch: 'vgg' as never }), "`arch` but received 'vgg'"],
      [() => net.forward(undefined as never), '`images.data` but received undefined'],
      [
        () => net.forward({ data: new Float32Array(96), shape: [2, 3, 4, 4] as never }),
        'channels before rows: bring the channels to the end',
      ],
      [
        () => net.forward({ data: z, shape: [1, 4, 4, 3] }),
        '48 numbers for `images.data.length` but received 16',
      ],
    ]
    for (const [call, part] of wrong) {
      const error = await rejection((async () => call())())
      expect(error, part).to.be.instanceOf(SimclrError).with.property('code', 'ERR_SIMCLR_INVALID_ARGUMENT')
      expect(error.message).to.contain(part)
    }
  })

  it('resnet gives features and projections, in evaluation mode unless told otherwise', async () => {
    using net = ops.resnet({ width: 0.125, stem: 'cifar', headDim: 16, precision: 'fp64', seed: 3 })
    const shape: [number, number, number, 3] = [4, 8, 8, 3]
    const images = { data: randomRows(4 * 8 * 8 * 3, 5), shape }
    const before = await net.state()
    const once = await net.forward(images)
    expect(once.features.length).to.equal(4 * net.featureDim)
    expect(once.projections!.length).to.equal(4 * 16)
    expect(await net.forward(images)).to.deep.equal(once)
    expect(await net.state()).to.deep.equal(before)

    const training = await net.forward(images, { training: true })
    expect(training.features).not.to.deep.equal(once.features)
    expect(await net.state()).not.to.deep.equal(before)
    await net.load(before)
    expect(await net.forward(images)).to.deep.equal(once)
  })
})
