import { expect } from 'chai'
import { loadAddon } from '../../lib/addon/load.ts'
import { Sampler } from '../../lib/loader/sampler.ts'

const { epochOrder } = loadAddon()
const sampler = (convention: 'paper' | 'torch', images: number, batchSize: number, seed = 3) =>
  new Sampler({ convention, images, batchSize, seed }, epochOrder)

const rows = (of: Sampler, steps: number) => Array.from({ length: steps }, (_, step) => of.at(step))

describe('sampler', () => {
  it('paper: an endless reshuffled stream whose batches cross epochs', () => {
    const images = 10
    const batches = rows(sampler('paper', images, 4), 15)
    const indices = batches.flatMap((batch) => [...batch.indices])
    const epochs = batches.flatMap((batch) => [...batch.epochs])
    expect(epochs).to.deep.equal(Array.from({ length: 60 }, (_, position) => Math.floor(position / images)))
    for (let epoch = 0; epoch < 6; epoch++) {
      const order = [...epochOrder({ seed: 3, epoch, count: images })]
      expect(indices.slice(epoch * images, (epoch + 1) * images)).to.deep.equal(order)
    }
    expect([...batches[2]!.epochs]).to.deep.equal([0, 0, 1, 1])
  })

  it('torch: whole batches of one epoch, the last partial one dropped', () => {
    const batches = rows(sampler('torch', 10, 4), 6)
    batches.forEach(({ indices, epochs }, step) => {
      const epoch = Math.floor(step / 2)
      expect([...epochs]).to.deep.equal(Array(4).fill(epoch))
      const order = epochOrder({ seed: 3, epoch, count: 10 })
      expect([...indices]).to.deep.equal([...order.slice((step % 2) * 4, (step % 2) * 4 + 4)])
    })
  })

  it('is a function of the step alone, in any order of asking', () => {
    for (const convention of ['paper', 'torch'] as const) {
      const forward = rows(sampler(convention, 23, 5), 40)
      const jumping = sampler(convention, 23, 5)
      for (const step of [39, 0, 17, 4, 5, 38]) expect(jumping.at(step)).to.deep.equal(forward[step])
    }
  })

  it('visits every image once an epoch, in another order each epoch and for each seed', () => {
    const of = (seed: number) => rows(sampler('torch', 64, 64, seed), 3).map(({ indices }) => [...indices])
    const orders = [...of(0), ...of(1)]
    for (const order of orders) {
      expect([...order].sort((a, b) => a - b)).to.deep.equal(Array.from({ length: 64 }, (_, i) => i))
    }
    expect(new Set(orders.map(String)).size).to.equal(6)
  })
})
