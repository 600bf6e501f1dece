import { crc32 } from 'node:zlib'
import { expect } from 'chai'
import { SimclrError } from '../../lib/addon/errors.ts'
import { loadAddon } from '../../lib/addon/load.ts'
import { temporaryFolder } from '../support/folder.ts'
import { rejection } from '../support/rejection.ts'
import { file, square, write } from './pictures.ts'

describe('the native image store', () => {
  const folder = temporaryFolder()
  const create = (count: number) => new (loadAddon().ImageStore)(count)

  it('copies in and out, drops alpha, counts bytes, frees slots', () => {
    const store = create(3)
    const image = {
      data: Uint8Array.from([1, 2, 3, 4, 5, 6, 7, 8]),
      width: 1,
      height: 2,
      channels: 4 as const,
    }
    store.set(0, image)
    image.data.fill(0)
    expect(store.get(0)).to.deep.equal({
      data: Uint8Array.from([1, 2, 3, 5, 6, 7]),
      width: 1,
      height: 2,
      channels: 3,
    })
    store.set(1, square(7))
    expect(store.bytes).to.equal(22)
    store.set(1, square(8, 2))
    expect(store.bytes).to.equal(10)
    expect([store.has(0), store.has(2), store.has(99)]).to.deep.equal([true, false, false])
    store.delete(0)
    store.delete(0)
    expect([store.bytes, store.has(0)]).to.deep.equal([4, false])
    store.dispose()
    store.dispose()
    expect(() => store.get(1))
      .to.throw(SimclrError)
      .with.property('code', 'ERR_SIMCLR_DISPOSED')
  })

  it('refuses what is no image or no slot', () => {
    const store = create(2)
    const wrong: [unknown, RegExp][] = [
      [[0], /a raw image/],
      [[2, square(0)], /below 2 for `index` but received 2/],
      [[-1, square(0)], /integer from 0 to 4294967295 for `index` but received -1/],
      [[0.5, square(0)], /`index` but received 0.5/],
      [[0, { ...square(0), channels: 2 }], /1, 3 or 4 for `image.channels`/],
      [[0, { ...square(0), width: 5 }], /5 \* 4 \* 1 bytes for `image.data` but received 16/],
      [[0, { ...square(0), data: new Float32Array(16) }], /a Uint8Array for `image.data`/],
      [[0, { ...square(0), width: 2 ** 40 }], /`image.width`/],
    ]
    for (const [args, message] of wrong) {
      const call = () => (store.set as (...a: unknown[]) => void)(...(args as unknown[]))
      expect(call).to.throw(SimclrError, message).with.property('code', 'ERR_SIMCLR_INVALID_ARGUMENT')
    }
    expect(() => store.get(0)).to.throw(/slot 0 but it is empty/)
    expect(() => create(-1)).to.throw(/`count`/)
    store.dispose()
  })

  it('a slot that is not there leaves a decoded image as it was', async () => {
    const store = create(1)
    const jpeg = await file('jpeg', 9, 7, 1)
    const image = (await loadAddon().decodeJpeg(jpeg, { maxPixels: 100, shorterSide: null }))!
    expect(() => store.set(1, image)).to.throw(/below 1 for `index`/)
    store.set(0, image)
    expect(store.get(0)).to.include({ width: 9, height: 7 })
    store.dispose()
  })

  it('maps all images of a file or none', () => {
    const store = create(2)
    store.set(0, square(7))
    const path = write(folder('pixels'), Buffer.alloc(12, 1))
    const images = (offset: number) => ({
      offsets: Float64Array.of(0, offset),
      widths: Uint32Array.of(2, 2),
      heights: Uint32Array.of(3, 3),
      channels: Uint8Array.of(1, 1),
      checksums: Uint32Array.of(crc32(Buffer.alloc(6, 1)), crc32(Buffer.alloc(6, 1))),
    })
    expect(() => store.map(path, images(7)))
      .to.throw(/image 1 does not lie inside/)
      .with.property('code', 'ERR_SIMCLR_CORRUPT_FILE')
    expect([store.bytes, store.get(0).width, store.has(1)]).to.deep.equal([16, 4, false])
    store.map(path, images(6))
    expect([store.bytes, store.get(1).width]).to.deep.equal([0, 2])
    store.dispose()
  })

  it('draws scenes beside the main thread, and can be disposed meanwhile', async () => {
    const store = create(400)
    const drawing = store.fillScenes({ seed: 0, first: 100, count: 300, size: 128 })
    expect(() => store.get(100))
      .to.throw(SimclrError)
      .with.property('code', 'ERR_SIMCLR_BUSY')
    expect(() => store.fillScenes({ seed: 0, first: 0, count: 1, size: 8 })).to.throw(
      /await fillScenes first/,
    )
    store.set(99, square(1))
    let ticks = 0
    const timer = setInterval(() => {
      ticks += 1
    }, 1)
    const labels = await drawing
    clearInterval(timer)
    expect(ticks).to.be.above(3)
    expect([...labels.subarray(0, 11)]).to.deep.equal([0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 0])
    expect(store.bytes).to.equal(300 * 128 * 128 * 3 + 16)
    const cut = store.fillScenes({ seed: 0, first: 0, count: 400, size: 512 })
    store.dispose()
    expect(await rejection(cut)).to.include({ code: 'ERR_SIMCLR_DISPOSED' })
  })
})
