import { expect } from 'chai'

import { ops } from '../../lib/ops/index.ts'
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
