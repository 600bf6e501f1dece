import { expect } from 'chai'
import fc from 'fast-check'
import sharp from 'sharp'
import { SimclrError } from '../../lib/addon/errors.ts'
import type { RawImage } from '../../lib/addon/interface.ts'
import { loadAddon } from '../../lib/addon/load.ts'
import { open } from '../../lib/data/open.ts'
import { summarizeSkipped } from '../../lib/data/skipped.ts'
import { storeImages } from '../../lib/data/store.ts'
import type { ImageInput, ImageSource } from '../../lib/data/types.ts'
import { withEnvironment } from '../support/environment.ts'
import { temporaryFolder } from '../support/folder.ts'
import { rejection } from '../support/rejection.ts'
import { bmp, file, formats, plainPixels, square, write } from './pictures.ts'

/** A source of `count` images whose pixels are their index; `broken` ones are not images. */
function numbered(
  count: number,
  broken: number[] = [],
  read?: (index: number) => Promise<ImageInput>,
): ImageSource {
  const image = (index: number) => (broken.includes(index) ? Buffer.from('broken') : square(index % 256))
  return {
    name: 'numbers',
    count,
    labels: Array.from({ length: count }, (_, i) => i % 3),
    read: read ?? image,
  }
}

async function codeAndMessage(promise: Promise<unknown>): Promise<{ code: string; message: string }> {
  const error = (await rejection(promise)) as SimclrError
  expect(error).to.be.instanceOf(SimclrError)
  return error
}

describe('decoding a set into native memory', () => {
  const folder = temporaryFolder()

  it('holds exactly the pixels that sharp gives, for every format', async () => {
    const files = await Promise.all(formats.map((format, i) => file(format, 40 + i, 30, i)))
    const stored = await storeImages(await open(files))
    for (const [i, bytes] of files.entries()) {
      expect(
        Buffer.compare(Buffer.from(stored.store.get(i).data), await plainPixels(bytes)),
        formats[i],
      ).to.equal(0)
    }
    stored.dispose()
  })

  it('holds what decoders give for any size, kind and shrinking', async () => {
    /** Shrunk natively, nearly as sharp does it: jpeg.test.ts. Null where sharp does it. */
    const shrunk = (bytes: Buffer, shorterSide: number) =>
      loadAddon().decodeJpeg(bytes, { maxPixels: 1e8, shorterSide })
    const kind = fc.record({
      format: fc.constantFrom(...formats),
      width: fc.integer({ min: 1, max: 90 }),
      height: fc.integer({ min: 1, max: 90 }),
      seed: fc.nat(1000),
      shorterSide: fc.option(fc.integer({ min: 8, max: 60 })),
    })
    const property = fc.asyncProperty(kind, async ({ format, width, height, seed, shorterSide }) => {
      const bytes = await file(format, width, height, seed)
      const stored = await storeImages(await open([bytes], { shorterSide }))
      const { data, ...shape } = stored.store.get(0)
      stored.dispose()
      const plain = sharp(bytes).removeAlpha()
      const side = shorterSide ?? Math.min(width, height)
      const isShrunk = side < Math.min(width, height)
      if (isShrunk) plain.resize({ width: side, height: side, fit: 'outside', kernel: 'cubic' })
      const { data: pixels, info } = await plain.raw().toBuffer({ resolveWithObject: true })
      const due = (isShrunk && (await shrunk(bytes, side))) || { ...info, data: pixels }
      expect(shape).to.deep.equal({ width: due.width, height: due.height, channels: 3 })
      expect(Buffer.compare(Buffer.from(data), Buffer.from(due.data))).to.equal(0)
    })
    await fc.assert(property, { numRuns: 60 })
  })

  it('keeps the order of the images however long each takes', async () => {
    const read = async (index: number) => {
      await new Promise((resolve) => setTimeout(resolve, (index * 7919) % 13))
      return square(index)
    }
    const stored = await storeImages(await open(numbered(100, [], read)), { threads: 8 })
    for (let i = 0; i < 100; i += 1) expect(stored.store.get(i).data[0]).to.equal(i)
    stored.dispose()
  })

  it('decodes no more images at once than there are threads', async () => {
    let now = 0
    let most = 0
    const read = async (index: number) => {
      now += 1
      most = Math.max(most, now)
      await new Promise((resolve) => setTimeout(resolve, 2))
      now -= 1
      return square(index)
    }
    const stored = await storeImages(await open(numbered(60, [], read)), { threads: 3 })
    expect(most).to.equal(3)
    stored.dispose()
  })

  it('leaves out an image with more pixels in a row than a store holds, however few they are', async () => {
    const line = (width: number, height: number): RawImage => {
      return { data: new Uint8Array(width * height), width, height, channels: 1 }
    }
    const [most, more] = [2 ** 20, 2 ** 20 + 1]
    const images = [line(more, 1), line(1, more), square(7), line(most, 1)]
    const stored = await storeImages(await open(images, { maxSkipped: 1 }))
    expect([...stored.indices]).to.deep.equal([2, 3])
    expect(summarizeSkipped(stored.skipped)).to.equal('2 too large (image 0, image 1)')
    stored.dispose()
  })

  it('leaves out what cannot be used, closes the gaps, and lists it', async () => {
    const stored = await storeImages(await open(numbered(50, [0, 7, 49])))
    expect(stored.count).to.equal(47)
    expect([...stored.indices]).to.deep.equal(
      Array.from({ length: 50 }, (_, i) => i).filter((i) => ![0, 7, 49].includes(i)),
    )
    for (let i = 0; i < 47; i += 1) {
      expect(stored.store.get(i).data[0]).to.equal(stored.indices[i])
      expect(stored.labels![i]).to.equal(stored.indices[i]! % 3)
      expect(stored.nameOf(i)).to.equal(`numbers ${stored.indices[i]}`)
    }
    expect(stored.skipped.map((skipped) => skipped.name)).to.deep.equal([
      'numbers 0',
      'numbers 7',
      'numbers 49',
    ])
    expect(summarizeSkipped(stored.skipped, 2)).to.equal('3 not an image (numbers 0, numbers 7, and 1 more)')
    stored.dispose()
  })

  it('lists each kind of bad file in a folder by name and reason', async () => {
    const good = await file('jpeg', 200, 150)
    for (let i = 0; i < 60; i += 1) write(folder(`bad/${i + 100}.jpg`), good)
    write(folder('bad/a-cut.jpg'), good.subarray(0, good.length - 200))
    write(folder('bad/b-empty.png'), '')
    write(folder('bad/c-text.jpg'), 'this is no picture')
    write(folder('bad/d-notes.txt'), 'nor is this')
    write(folder('bad/e.bmp'), bmp())
    const stored = await storeImages(await open(folder('bad')))
    expect(stored.count).to.equal(60)
    expect(Object.fromEntries(stored.skipped.map(({ name, reason }) => [name, reason]))).to.deep.equal({
      'a-cut.jpg': 'truncated',
      'b-empty.png': 'empty',
      'c-text.jpg': 'not an image',
      'd-notes.txt': 'not an image',
      'e.bmp': 'unsupported format',
    })
    stored.dispose()
  })

  it('stops where more than the allowed share is unusable', async () => {
    const bad = [3, 5, 8, 13]
    const { code, message } = await codeAndMessage(storeImages(await open(numbered(30, bad))))
    expect(code).to.equal('ERR_SIMCLR_DATA')
    expect(message).to.match(
      /at most 10 % of the 30 images of numbers to be unusable but 4 already are: 4 not an image/,
    )
    const generous = await storeImages(await open(numbered(30, bad), { maxSkipped: 0.5 }))
    expect(generous.count).to.equal(26)
    generous.dispose()
    expect(
      (await codeAndMessage(storeImages(await open(numbered(30, [29]), { maxSkipped: 0 })))).code,
    ).to.equal('ERR_SIMCLR_DATA')
  })

  it('says why the first is unusable, whatever stops it', async () => {
    const failing = numbered(30, [], async () => {
      throw new Error('db down')
    })
    const { message } = await codeAndMessage(storeImages(await open(failing)))
    expect(message).to.contain('The first, numbers 0: db down. Remove them, or raise `maxSkipped`')
    const left = await codeAndMessage(storeImages(await open(failing, { maxSkipped: 1 })))
    expect(left.message).to.match(/none is usable: 30 unreadable .* The first, numbers 0: db down\.$/)
  })

  it('says what a source gave that is no image', async () => {
    const rows = numbered(30, [], async () => undefined as unknown as ImageInput)
    const { message } = await codeAndMessage(storeImages(await open(rows)))
    expect(message).to.match(
      /4 corrupt .* The first, numbers 0: Expected a path, .* but received undefined\./,
    )
  })

  it('is an error where nothing is left', async () => {
    const set = await open(numbered(3, [0, 1, 2]), { maxSkipped: 1 })
    expect((await codeAndMessage(storeImages(set))).message).to.match(/none is usable: 3 not an image/)
  })

  it('skips an image whose source gives an error, stops at a SimclrError', async () => {
    const failing = (error: Error) =>
      numbered(20, [], async (index) => {
        if (index === 4) throw error
        return square(index)
      })
    const stored = await storeImages(await open(failing(new TypeError('row is gone'))))
    expect(stored.count).to.equal(19)
    expect(stored.skipped[0]).to.include({ name: 'numbers 4', reason: 'unreadable' })
    expect(stored.skipped[0]!.detail).to.match(/row is gone/)
    stored.dispose()
    const stop = new SimclrError('ERR_SIMCLR_IO', 'the database is closed')
    expect(await rejection(storeImages(await open(failing(stop))))).to.equal(stop)
  })

  it('ends with the signal’s reason, soon', async () => {
    const controller = new AbortController()
    let reads = 0
    const read = async (index: number) => {
      reads += 1
      if (index === 20) controller.abort(new Error('enough'))
      return square(index % 256)
    }
    const error = await rejection(
      storeImages(await open(numbered(10_000, [], read)), { signal: controller.signal }),
    )
    expect(error.message).to.equal('enough')
    expect(reads).to.be.below(200)
    const scenes = await open('synthetic:scenes,count=2000,size=256')
    const drawing = storeImages(scenes, { signal: AbortSignal.timeout(20) })
    expect((await rejection(drawing)).name).to.equal('TimeoutError')
  })

  it('tells its progress up to the end', async () => {
    const seen: number[] = []
    const stored = await storeImages(await open(numbered(500, [2])), {
      onProgress: ({ done, total, skipped }) => {
        seen.push(done)
        expect(total).to.equal(500)
        expect(skipped).to.be.within(0, 1)
      },
    })
    expect(seen.at(-1)).to.equal(500)
    stored.dispose()
  })

  it('refuses a set that would not fit, before much of it is decoded', async () => {
    let reads = 0
    const read = async () => {
      reads += 1
      return square(0, 100)
    }
    const set = await open(numbered(5000, [], read))
    const { code, message } = await codeAndMessage(storeImages(set, { maxMemory: 5e6 }))
    expect(code).to.equal('ERR_SIMCLR_OUT_OF_MEMORY')
    expect(message).to.match(/5000 images of numbers .* 0\.0 GB .*`shorterSide` \(now 448\)/)
    expect(reads).to.be.below(200)
    const known = await open('synthetic:scenes,count=1000000,size=224')
    expect((await codeAndMessage(storeImages(known, { maxMemory: 1e9 }))).code).to.equal(
      'ERR_SIMCLR_OUT_OF_MEMORY',
    )
  })

  it('shares the memory that is there with the other ranks of this machine', async () => {
    const available = process.availableMemory
    const set = await open({ pixels: new Uint8Array(300_000), shape: [10, 100, 100, 3] })
    try {
      process.availableMemory = () => 500_000
      const stored = await storeImages(set)
      stored.dispose()
      const rank = { RANK: '0', WORLD_SIZE: '4', LOCAL_RANK: '0', LOCAL_WORLD_SIZE: '2' }
      using _ = withEnvironment(rank)
      const { code } = await codeAndMessage(storeImages(set))
      expect(code).to.equal('ERR_SIMCLR_OUT_OF_MEMORY')
    } finally {
      process.availableMemory = available
    }
  })

  it('leaves the event loop free, also for images that are in memory already', async () => {
    let turns = 0
    const timer = setInterval(() => {
      turns += 1
    }, 1)
    const set = await open({ pixels: new Uint8Array(40_000 * 768), shape: [40_000, 16, 16, 3] })
    const stored = await storeImages(set)
    clearInterval(timer)
    expect(turns).to.be.above(3)
    stored.dispose()
  })

  it('gives the memory back', async function () {
    this.timeout(60_000)
    const bytes = await file('jpeg', 640, 480)
    const set = await open({ name: 'big', count: 40, read: () => bytes }, { shorterSide: null })
    let settled = 0
    for (let round = 0; round < 12; round += 1) {
      const stored = await storeImages(set)
      expect(stored.store.bytes).to.equal(40 * 640 * 480 * 3)
      stored.dispose()
      if (round === 3) settled = process.memoryUsage().rss
    }
    expect(process.memoryUsage().rss - settled).to.be.below(60e6) // one round holds 37 MB
  })
})
