import { expect } from 'chai'
import { holdOut } from '../../bench/accuracy/split.ts'
import { rejection } from '../support/rejection.ts'

describe('the split that a recipe is chosen on', () => {
  const images = Array.from({ length: 25 }, (_, i) => `${i}.jpg`)
  const set = { images, labels: images.map((_, i) => (i < 10 ? 0 : 1)), classNames: ['cat', 'dog'] }

  it('holds out a fifth of each class, the same one every time, and trains on the rest', async () => {
    const { learnt, held } = await holdOut(set)
    expect([...learnt.images, ...held.images].sort()).to.deep.equal([...images].sort())
    expect(Array.from(held.labels!)).to.deep.equal([0, 0, 1, 1, 1])
    for (const part of [learnt, held]) {
      const labels = part.images.map((name) => set.labels[images.indexOf(name as string)])
      expect(Array.from(part.labels!)).to.deep.equal(labels)
      expect(part.classNames).to.deep.equal(set.classNames)
    }
    expect((await holdOut(set)).held.images).to.deep.equal(held.images)
  })

  it('needs classes', async () => {
    const error = await rejection(holdOut({ images }))
    expect(error.message).to.contain('Expected labelled images')
  })
})
