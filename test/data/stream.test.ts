import { expect } from 'chai'
import { SimclrError } from '../../lib/addon/errors.ts'
import { open } from '../../lib/data/open.ts'
import { type StreamedImages, streamImages } from '../../lib/data/stream.ts'
import type { ImageInput } from '../../lib/data/types.ts'
import { rejection } from '../support/rejection.ts'

const image = (value: number): ImageInput => ({
  data: new Uint8Array(16).fill(value),
  width: 4,
  height: 4,
  channels: 1,
})

describe('streamed images', () => {
  const reads: number[] = []
  /** Ten images of their own index, some of them unusable. */
  const streamed = async (unusable: number[] = [], maxSkipped = 0.5): Promise<StreamedImages> => {
    reads.length = 0
    const source = {
      name: 'numbers',
      count: 10,
      labels: Array.from({ length: 10 }, (_, i) => i),
      read: async (index: number) => {
        reads.push(index)
        return unusable.includes(index) ? new Uint8Array() : image(index)
      },
    }
    return streamImages(await open(source, { maxSkipped }), 2)
  }
  const held = ({ store }: StreamedImages) =>
    Array.from({ length: 10 }, (_, i) => i).filter((i) => store.has(i))
  const of = (...indices: number[]) => Uint32Array.from(indices)

  it('are there while they are held, and take no memory before and after', async () => {
    const images = await streamed()
    expect(images.store.bytes).to.equal(0)
    await images.hold(of(7, 2, 5))
    expect(held(images)).to.deep.equal([2, 5, 7])
    expect(images.store.get(5).data[0]).to.equal(5)
    images.free(of(7, 2, 5))
    expect(held(images)).to.deep.equal([])
    expect(images.store.bytes).to.equal(0)
    await images.dispose()
  })

  it('are decoded once however often they are held, and stay until the last gives them back', async () => {
    const images = await streamed()
    await Promise.all([images.hold(of(1, 2)), images.hold(of(2, 3)), images.hold(of(2, 2))])
    expect(reads.sort()).to.deep.equal([1, 2, 3])
    images.free(of(1, 2))
    images.free(of(2, 2))
    expect(held(images)).to.deep.equal([2, 3])
    images.free(of(2, 3))
    expect(held(images)).to.deep.equal([])
    await images.dispose()
  })

  it('may be given back before they are decoded, and asked for again', async () => {
    const images = await streamed()
    const first = images.hold(of(4))
    images.free(of(4))
    const second = images.hold(of(4))
    await Promise.all([first, second])
    expect(held(images)).to.deep.equal([4])
    images.free(of(4))
    expect(held(images)).to.deep.equal([])
    await images.dispose()
  })

  it('stand in for those that are unusable, with their class, and these are told by name', async () => {
    const images = await streamed([3, 4, 9])
    await images.hold(of(3, 9))
    expect(images.store.get(3).data[0]).to.equal(5)
    expect(images.store.get(9).data[0]).to.equal(0)
    expect([images.labels![3], images.labels![9]]).to.deep.equal([5, 0])
    expect(images.skipped.map(({ name, reason }) => [name, reason]).sort()).to.deep.equal([
      ['numbers 3', 'empty'],
      ['numbers 4', 'empty'],
      ['numbers 9', 'empty'],
    ])
    images.free(of(3, 9))
    reads.length = 0
    await images.hold(of(3))
    expect(reads).to.deep.equal([5])
    await images.dispose()
  })

  it('say why where none is usable', async () => {
    const images = await streamed([0, 1, 2, 3, 4, 5, 6, 7, 8, 9], 1)
    const { message } = await rejection(images.hold(Uint32Array.of(3)))
    expect(message).to.match(/none is usable: 10 empty .* The first, \S+ 3: 0 bytes\.$/)
    await images.dispose()
  })

  it('stop where too many are unusable', async () => {
    const images = await streamed([1, 2], 0.1)
    const error = await rejection(images.hold(of(1)))
    expect(error).to.be.instanceOf(SimclrError).with.property('code', 'ERR_SIMCLR_DATA')
    await images.dispose()
  })

  it('need a set that can be read in any order', async () => {
    const source = { name: 'tape', count: 1, stream: () => [image(0)] }
    const set = await open(source)
    expect(() => streamImages(set, 1))
      .to.throw('can only be read from front to back')
      .with.property('code', 'ERR_SIMCLR_DATA')
  })
})
