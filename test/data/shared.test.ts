import { cpSync, mkdirSync, writeFileSync } from 'node:fs'
import { expect } from 'chai'
import sharp from 'sharp'
import { readImages } from '../../lib/data/images.ts'
import type { DataInput } from '../../lib/data/open.ts'
import { aboutShared, sharedImages } from '../../lib/data/shared.ts'
import { temporaryFolder } from '../support/folder.ts'
import { congruential } from '../support/pixels.ts'
import { storesLeft } from '../support/stores.ts'

const random = congruential(30, 12)

describe('images that two sets share', () => {
  const path = temporaryFolder()

  interface Reading {
    stream?: 'on' | 'off'
    most?: number
  }
  const shared = async (test: DataInput, data: DataInput, { stream = 'off', most }: Reading = {}) => {
    const reading = { imageSize: 16, stream, maxSkipped: 0.5 } as const
    await using left = await readImages(test, reading).then((images) => owned(images))
    await using right = await readImages(data, reading).then((images) => owned(images))
    return await sharedImages(left.images, right.images, undefined, most)
  }
  const owned = <T extends { dispose(): void | Promise<void> }>(images: T) => ({
    images,
    [Symbol.asyncDispose]: async () => await images.dispose(),
  })

  it('are counted by their pixels: all, some in any order, or none', async () => {
    const [some, others] = [random.slice(0, 10), random.slice(10)]
    expect(await shared(some, random)).to.deep.equal({ count: 10, of: 10, isComplete: true })
    const mixed = [others[3]!, some[9]!, others[0]!, some[2]!]
    expect(await shared(mixed, some)).to.deep.equal({ count: 2, of: 4, isComplete: true })
    expect(await shared(others, some)).to.deep.equal({ count: 0, of: 20, isComplete: true })
  })

  it('are not those that differ in a single pixel, or in their shape', async () => {
    const almost = random.map(({ data, ...rest }) => {
      const copy = Uint8Array.from(data)
      copy[1]! ^= 1 // between the pixels that are looked at first
      return { ...rest, data: copy }
    })
    const flat = random.map(({ data }) => ({ data, width: 6, height: 24, channels: 3 as const }))
    for (const other of [almost, flat]) expect((await shared(other, random)).count).to.equal(0)
  })

  it('are looked for by name, and then by pixels, in sets that are streamed or very large', async () => {
    for (const folder of ['a', 'other']) mkdirSync(path(folder))
    const png = async ({ data, width, height }: (typeof random)[number]) =>
      await sharp(data, { raw: { width, height, channels: 3 } })
        .png()
        .toBuffer()
    for (const [i, image] of random.entries()) {
      writeFileSync(path('a', `${i}.png`), await png(image))
      writeFileSync(
        path('other', `${i}.png`),
        await png({ ...image, data: image.data.map((byte) => 255 - byte) }),
      )
    }
    cpSync(path('a'), path('part'), { recursive: true })
    for (let i = 0; i < 20; i++) cpSync(path('other', `${i}.png`), path('part', `${i}.png`))
    for (const reading of [{ stream: 'on' }, { most: 1000 }] as const) {
      expect(await shared(path('a'), path('a'), reading)).to.deep.equal({
        count: 30,
        of: 30,
        isComplete: false,
      })
      expect(await shared(path('part'), path('a'), reading)).to.include({ count: 10 })
      expect(await shared(path('other'), path('a'), reading)).to.include({ count: 0, isComplete: false })
    }
  })

  it('do not count where they cannot be used: what stands in for them is another', async () => {
    mkdirSync(path('broken'))
    cpSync(path('a', '0.png'), path('broken', '0.png'))
    writeFileSync(path('broken', '1.png'), 'broken')
    const [own, streamed] = [{ stream: 'off' }, { stream: 'on' }] as const
    expect(await shared(path('broken'), path('a'), own)).to.include({ count: 1, of: 1 })
    expect(await shared(path('broken'), path('a'), streamed)).to.include({ count: 1 })
  })

  it('are let go, and looked for until a signal ends it', async () => {
    const left = await storesLeft(async () => {
      await using some = owned(await readImages(random, { imageSize: 16 }))
      const over = AbortSignal.abort(new Error('enough'))
      const error = await sharedImages(some.images, some.images, over).catch((error: Error) => error)
      expect(error).to.have.property('message', 'enough')
    })
    expect(left).to.equal(0)
  })

  it('are told of in a sentence', () => {
    const about = (count: number, isComplete: boolean) =>
      aboutShared({ count, of: 1200, isComplete }, 'd/test', 'trained on')
    expect(about(0, true)).to.equal(null)
    expect(about(0, false)).to.equal(null)
    expect(about(1, true)).to.match(/^1 of the 1,200 images of d\/test is also trained on, /)
    expect(about(64, false)).to.match(/^At least 64 of the 1,200 images of d\/test are also trained on, /)
  })
})
