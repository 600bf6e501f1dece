import { expect } from 'chai'
import { readImages } from '../../lib/data/images.ts'
import type { ImageSource } from '../../lib/data/types.ts'
import { evaluate } from '../../lib/evaluate/evaluate.ts'
import { readLabelled } from '../../lib/evaluate/labelled.ts'
import { congruential } from '../support/pixels.ts'
import { rejection } from '../support/rejection.ts'
import { storesLeft } from '../support/stores.ts'

describe('sets with labels', () => {
  const images = congruential(6, 8)
  const labels = [0, 1, 0, 1, 0, 1]

  it('are let go where they have none, and the one that was read before too', async () => {
    const test = { images, labels: labels.map(() => -1) }
    const left = await storesLeft(async () => {
      const error = await rejection(evaluate({ encoder: 'raw', data: { images, labels }, test }))
      expect(error).to.have.property('code', 'ERR_SIMCLR_DATA')
      expect(error.message).to.contain('labelled images for `test` but the array of images has no labels')
    })
    expect(left).to.equal(0)
  })

  it('have as many as are needed', async () => {
    const one = { images, labels: [0, -1, -1, -1, -1, -1] }
    const reading = { imageSize: 8 }
    await (await readLabelled(one, 'x', reading)).dispose()
    const left = await storesLeft(async () => {
      const error = await rejection(readLabelled(one, 'validation.data', reading, 2))
      expect(error.message).to.contain(
        'at least 2 labelled images for `validation.data` but the array of images has 1.',
      )
    })
    expect(left).to.equal(0)
  })

  it('options of evaluate are those that the call was made with', async () => {
    const set = { images: congruential(40, 8), labels: Array.from({ length: 40 }, (_, i) => i % 2) }
    const options = { encoder: 'raw', data: set, test: set, k: 1, temperature: 1000 }
    const under = evaluate(options)
    options.k = 40
    expect((await under).accuracy, 'each is its own nearest').to.equal(1)
    expect((await evaluate({ ...options, k: 40 })).accuracy).to.be.below(1)
  })
})

describe('a source that fails to close', () => {
  const failing = (more: Partial<ImageSource> = {}): ImageSource => ({
    name: 'failing',
    count: 4,
    read: (index) => congruential(4, 8)[index]!,
    close: () => {
      throw new Error('cannot close')
    },
    ...more,
  })

  it('keeps no images in memory', async () => {
    for (const stream of ['off', 'on'] as const) {
      const left = await storesLeft(async () => {
        const reading = readImages(failing(), { imageSize: 8, stream })
        const closed = stream === 'off' ? reading : reading.then((images) => images.dispose())
        expect((await rejection(Promise.resolve(closed))).message).to.equal('cannot close')
      })
      expect(left, stream).to.equal(0)
    }
  })

  it('is told of what went wrong before', async () => {
    const read = () => Buffer.from('no image')
    const left = await storesLeft(async () => {
      const error = await rejection(readImages(failing({ read }), { imageSize: 8 }))
      expect(error).to.have.property('code', 'ERR_SIMCLR_DATA')
    })
    expect(left).to.equal(0)
  })

  it('does not keep the other set of an evaluation', async () => {
    // A stream's last images are let go, and its source closed, when all is over.
    const left = await storesLeft(async () => {
      const labels = [0, 1, 0, 1]
      const available = process.availableMemory
      process.availableMemory = () => 100
      try {
        const data = failing({ labels })
        const error = await rejection(evaluate({ encoder: 'raw', data, test: failing({ labels }), k: 1 }))
        expect(error.message).to.equal('cannot close')
      } finally {
        process.availableMemory = available
      }
    })
    expect(left).to.equal(0)
  })
})
