import { setImmediate } from 'node:timers/promises'
import { expect } from 'chai'
import { Encoder } from '../../lib/encoder.ts'
import type { EncoderOptions, ImageInput } from '../../lib/index.ts'
import { temporaryFolder } from '../support/folder.ts'
import { congruential } from '../support/pixels.ts'
import { rejection } from '../support/rejection.ts'
import { storesLeft } from '../support/stores.ts'

const spec = { arch: 'resnet18', width: 0.125, stem: 'imagenet' } as const

describe('embedding many images', function () {
  this.timeout(60_000)
  let encoder: Encoder
  let images: ImageInput[]
  before(async () => {
    encoder = await Encoder.random(spec, { imageSize: 16 }, { device: 'cpu', threads: 1 })
    images = congruential(600, 8)
  })
  after(() => encoder.dispose())

  /** Images one by one, and how many have been taken. */
  function counted(onTaken: (taken: number) => void = () => {}) {
    const state = { taken: 0, closed: false }
    async function* all() {
      try {
        for (const image of images) {
          state.taken += 1
          onTaken(state.taken)
          yield image
        }
      } finally {
        state.closed = true
      }
    }
    return { all: all(), state }
  }

  describe('a signal', () => {
    const reason = new Error('enough')
    const calls = {
      embed: (of: AsyncIterable<ImageInput>, signal: AbortSignal) => encoder.embed(of, { signal }),
      embedBatches: async (of: AsyncIterable<ImageInput>, signal: AbortSignal) => {
        for await (const _ of encoder.embedBatches(of, { signal }));
      },
    }
    for (const [name, call] of Object.entries(calls)) {
      it(`ends ${name} between batches with its reason, and leaves nothing behind`, async () => {
        const alone = await encoder.embed(images.slice(0, 3))
        const stop = new AbortController()
        const { all, state } = counted((taken) => {
          if (taken === 300) stop.abort(reason)
        })
        const left = await storesLeft(async () => {
          expect(await rejection(call(all, stop.signal))).to.equal(reason)
        })
        expect(left).to.equal(0)
        expect(state.taken).to.be.within(300, 512)
        await setImmediate()
        expect(state.closed).to.equal(true)
        expect(await encoder.embed(images.slice(0, 3))).to.deep.equal(alone)
      })

      it(`ends ${name} while the images do not answer`, async () => {
        const stop = new AbortController()
        async function* silent(): AsyncGenerator<ImageInput> {
          yield images[0]!
          setTimeout(() => stop.abort(reason))
          await new Promise(() => {})
        }
        expect(await rejection(call(silent(), stop.signal))).to.equal(reason)
      })
    }

    it('that is aborted already lets nothing begin', async () => {
      const left = await storesLeft(async () => {
        const { all, state } = counted()
        expect(await rejection(encoder.embed(all, { signal: AbortSignal.abort(reason) }))).to.equal(reason)
        expect(state.taken).to.be.below(256)
      })
      expect(left).to.equal(0)
    })

    it('is no signal where it is something else', async () => {
      const error = await rejection(encoder.embed(images, { signal: 'now' as never }))
      expect(error).to.have.property('code', 'ERR_SIMCLR_INVALID_ARGUMENT')
      expect(error.message).to.contain("an AbortSignal for `signal` but received 'now'")
    })

    it('lets an encoder be disposed that it has stopped', async () => {
      const own = await Encoder.random(spec, { imageSize: 16 }, { device: 'cpu', threads: 1 })
      const stop = new AbortController()
      const call = own.embed(images, { signal: stop.signal })
      own.dispose()
      stop.abort(reason)
      expect(await rejection(call)).to.equal(reason)
      expect(await rejection(own.embed([]))).to.have.property('code', 'ERR_SIMCLR_DISPOSED')
    })
  })

  describe('by embedBatches', () => {
    it('are those of embed, 256 at a time', async () => {
      const all = await encoder.embed(images)
      const shapes: number[][] = []
      const values: number[] = []
      for await (const { data, shape } of encoder.embedBatches(images)) {
        shapes.push(shape)
        values.push(...data)
      }
      const dim = encoder.featureDim
      expect(shapes).to.deep.equal([
        [256, dim],
        [256, dim],
        [88, dim],
      ])
      expect(Float32Array.from(values)).to.deep.equal(all.data)
    })

    it('are taken as they are asked for, and no longer where nobody does', async () => {
      const { all, state } = counted()
      const left = await storesLeft(async () => {
        for await (const { shape } of encoder.embedBatches(all)) {
          expect(shape[0]).to.equal(256)
          expect(state.taken).to.equal(256)
          await setImmediate()
          expect(state.taken).to.equal(256)
          break
        }
      })
      expect(state.closed).to.equal(true)
      expect(left).to.equal(0)
    })

    it('end where the encoder is disposed between two', async () => {
      const own = await Encoder.random(spec, { imageSize: 16 }, { device: 'cpu', threads: 1 })
      const batches = own.embedBatches(images)
      await batches.next()
      own.dispose()
      expect(await rejection(batches.next())).to.have.property('code', 'ERR_SIMCLR_DISPOSED')
    })

    it('name what is no image by its place among all', async () => {
      const some = [...images.slice(0, 300), Buffer.from('no image')]
      const batches = encoder.embedBatches(some)
      await batches.next()
      const error = await rejection(batches.next())
      expect(error).to.have.property('code', 'ERR_SIMCLR_DATA')
      expect((error as { unusable?: { index: number }[] }).unusable?.map(({ index }) => index)).to.deep.equal(
        [300],
      )
    })
  })
})

describe('options of an encoder', () => {
  const path = temporaryFolder()

  it('are taken when the call is made', async () => {
    await using saved = await Encoder.random(spec, { imageSize: 16 }, { device: 'cpu', threads: 1 })
    await saved.save(path('encoder.safetensors'))
    const options: EncoderOptions = { device: 'cpu', precision: 'fp32' }
    const under = Encoder.load(path('encoder.safetensors'), options)
    options.precision = 'fp64'
    await using loaded = await under
    expect(loaded.precision).to.equal('fp32')
  })
})
