import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { pathToFileURL } from 'node:url'
import { crc32 } from 'node:zlib'
import { expect } from 'chai'
import type { SimclrError } from '../../lib/addon/errors.ts'
import { loadAddon } from '../../lib/addon/load.ts'
import type { Dataset } from '../../lib/data/dataset.ts'
import { type DataInput, type OpenOptions, open as openSet } from '../../lib/data/open.ts'
import { pack } from '../../lib/data/pack.ts'
import { decodeEntry, decodeHeader } from '../../lib/data/pack-format.ts'
import { type StoredImages, storeImages } from '../../lib/data/store.ts'
import { streamImages } from '../../lib/data/stream.ts'
import { simclr } from '../support/cli.ts'
import { temporaryFolder } from '../support/folder.ts'
import { rejection } from '../support/rejection.ts'
import { mutate } from './mutate.ts'
import { file, greyPicture, write } from './pictures.ts'

const opened: Dataset[] = []

/** Closed after the test. */
async function open(data: DataInput, options: OpenOptions = {}): Promise<Dataset> {
  const set = await openSet(data, options)
  opened.push(set)
  return set
}

function expectSame(a: StoredImages, b: StoredImages): void {
  expect(a.count).to.equal(b.count)
  expect(a.labels).to.deep.equal(b.labels)
  expect(a.classNames).to.deep.equal(b.classNames)
  for (let i = 0; i < a.count; i += 1) {
    expect(a.nameOf(i)).to.equal(b.nameOf(i))
    expect(a.store.get(i)).to.deep.equal(b.store.get(i))
  }
}

/** On average, in levels: pixels of a pack are shrunk from whole ones, JPEG files while they are decoded (docs/data.md). */
function distanceOf(a: StoredImages, b: StoredImages): number {
  let [sum, count] = [0, 0]
  for (let i = 0; i < a.count; i += 1) {
    const { data, ...shape } = a.store.get(i)
    const { data: other, ...otherShape } = b.store.get(i)
    expect(shape).to.deep.equal(otherShape)
    data.forEach((level, k) => {
      sum += Math.abs(level - other[k]!)
    })
    count += data.length
  }
  return sum / count
}

describe('packs', () => {
  const folder = temporaryFolder()
  const source = () => folder('set')
  afterEach(async () => {
    for (const set of opened.splice(0)) await set.close()
  })
  before(async () => {
    for (let i = 0; i < 12; i += 1) {
      write(folder(`set/${i % 2 ? 'cat' : 'dog'}/${i + 10}.jpg`), await file('jpeg', 60 + i, 40, i))
    }
    write(folder('set/cat/grey.png'), await greyPicture().png().toBuffer())
    write(folder('set/dog/cut.jpg'), (await file('jpeg', 200, 150)).subarray(0, 1500))
  })

  for (const keep of ['pixels', 'files'] as const) {
    it(`of ${keep} hold the same images, names and classes as what they were made of`, async () => {
      const path = folder(`${keep}.pack`)
      const packed = await pack(await open(source()), path, { keep })
      expect(packed.count).to.equal(13)
      expect(packed.bytes).to.equal(statSync(path).size)
      expect(packed.skipped.map(({ name }) => name)).to.deep.equal(['dog/cut.jpg'])
      for (const options of [{}, { limitPerClass: 3 }, { limit: 5 }, { shorterSide: 16 }] as OpenOptions[]) {
        const plain = await storeImages(await open(source(), options))
        const again = await storeImages(await open(`pack:${path}`, options))
        // `limit` counts the image that cannot be used in the one case only.
        if (keep === 'pixels' && options.shorterSide !== undefined)
          expect(distanceOf(again, plain)).to.be.below(3)
        else if (options.limit === undefined) expectSame(again, plain)
        expect(again.skipped).to.deep.equal([])
        expect(again.store.bytes > 0).to.equal(keep === 'files' || options.shorterSide !== undefined)
        plain.dispose()
        again.dispose()
      }
      expect((await open(path)).count, 'by its first bytes').to.equal(13)
      expect(await (await open(path)).read(12)).to.deep.include({ width: 70, height: 40 })
    })
  }

  it('of pixels feed the augmenter from the file', async () => {
    const path = folder('sample.pack')
    await pack(await open('fashion-mnist:test', { limit: 50 }), path)
    const packed = await storeImages(await open(`pack:${path}`))
    const plain = await storeImages(await open('fashion-mnist:test', { limit: 50 }))
    expect(packed.store.bytes).to.equal(0)
    const { Augmenter } = loadAddon()
    const center = { share: 1, filter: 'bilinear', antialias: true } as const
    const plan = {
      size: 28,
      crop: null,
      center,
      flip: 0.5,
      verticalFlip: 0,
      turn: null,
      jitter: null,
      gray: 0,
      blur: null,
      solarize: null,
      normalize: null,
    }
    const views = ({ store }: StoredImages) => {
      const indices = Uint32Array.from({ length: 50 }, (_, i) => i)
      const options = { indices, epochs: new Uint32Array(50), seed: 1, views: 2, labels: null }
      return new Augmenter(plan).batch(store, options).pixels({ threads: 2 })
    }
    expect(await views(packed)).to.deep.equal(await views(plain))
    packed.dispose()
    plain.dispose()
  })

  it('are laid out as documented', async () => {
    const path = folder('layout.pack')
    await pack(await open([Buffer.from(await file('png', 8, 4))]), path)
    const bytes = readFileSync(path)
    expect(bytes.subarray(0, 8).toString()).to.equal('simclrPK')
    const header = decodeHeader(bytes.subarray(0, 64), bytes.length)
    if (header === null || typeof header === 'string') throw new Error(`${header}`)
    expect(header).to.include({ count: 1, indexOffset: 64 + 8 * 4 * 3, metadataOffset: 64 + 96 + 32 })
    const entry = decodeEntry(bytes, header.indexOffset)
    expect(entry).to.include({ offset: 64, bytes: 96, width: 8, height: 4, channels: 3, label: -1 })
    expect(entry.checksum).to.equal(crc32(bytes.subarray(64, 160)))
    expect(JSON.parse(bytes.subarray(header.metadataOffset).toString()).names).to.deep.equal(['image 0'])
  })

  it('tell damage: in the header, the index, the pixels, at the end', async () => {
    const path = folder('whole.pack')
    await pack(await open('synthetic:scenes,count=20,size=16'), path)
    const whole = readFileSync(path)
    const damaged = (at: number) => {
      const bytes = Buffer.from(whole)
      bytes[at]! ^= 1
      return write(folder('damaged.pack'), bytes)
    }
    const indexOffset = 64 + 20 * 768
    for (const at of [9, 20, 61, indexOffset, indexOffset + 100, whole.length - 2]) {
      const error = (await rejection(open(`pack:${damaged(at)}`))) as SimclrError
      expect(error.code, `byte ${at}`).to.equal('ERR_SIMCLR_CORRUPT_FILE')
    }
    for (const end of [10, 64, indexOffset, whole.length - 1]) {
      const cut = write(folder('cut.pack'), whole.subarray(0, end))
      expect(((await rejection(open(`pack:${cut}`))) as SimclrError).code).to.equal('ERR_SIMCLR_CORRUPT_FILE')
    }
    const set = await open(`pack:${damaged(64 + 3 * 768 + 5)}`)
    const mapped = await storeImages(set)
    expect(mapped.store.get(2).width).to.equal(16)
    expect(() => mapped.store.get(3)).to.throw(/damaged\.pack: image 3 is damaged \(wrong checksum\)/)
    mapped.dispose()
    const shrunk = await storeImages(await open(set.source, { shorterSide: 8 }))
    expect(shrunk.count).to.equal(19)
    expect(shrunk.skipped[0]).to.include({ name: 'scene 3', reason: 'corrupt' })
    shrunk.dispose()
  })

  it('stay the set that was opened where another is renamed to their path', async () => {
    const path = folder('replaced.pack')
    const openFiles = () => {
      const names = readdirSync('/proc/self/fd').map((fd) => `/proc/self/fd/${fd}`)
      return names.filter((name) => existsSync(name) && readlinkSync(name).startsWith(path))
    }
    for (const keep of ['pixels', 'files'] as const) {
      const plain = await storeImages(await open(source()))
      await pack(await open(source()), path, { keep })
      const [streamed, mapped, own] = await Promise.all([open(path), open(path), open(path)])
      await pack(await open('synthetic:scenes,count=3,size=8'), path)
      const images = streamImages(streamed, 2)
      const all = Uint32Array.from({ length: 13 }, (_, i) => i)
      await images.hold(all)
      for (const i of all) expect(images.store.get(i), `${keep} ${i}`).to.deep.equal(plain.store.get(i))
      const stored = await storeImages(mapped)
      await mapped.close()
      expectSame(stored, plain)
      expect(openFiles()).to.have.length(keep === 'pixels' ? 3 : 2) // the mapped one's, too
      await images.dispose()
      await own.close()
      for (const each of [plain, stored]) each.dispose()
      expect(openFiles()).to.have.length(0)
    }
  })

  it('are closed where they cannot be opened', async () => {
    const path = folder('refused.pack')
    await pack(await open('synthetic:scenes,count=3,size=8'), path)
    const before = readdirSync('/proc/self/fd').length
    for (let i = 0; i < 5; i += 1) {
      const error = (await rejection(open(path, { classNames: ['a'] }))) as SimclrError
      expect(error.message).to.contain('also has')
    }
    expect(readdirSync('/proc/self/fd').length).to.equal(before)
  })

  it('damaged at random never crash', async () => {
    const path = folder('fuzz.pack')
    await pack(await open('synthetic:scenes,count=5,size=8'), path)
    const whole = readFileSync(path)
    for (let seed = 1; seed <= 200; seed += 1) {
      writeFileSync(path, mutate(whole, seed))
      try {
        const stored = await storeImages(await open(`pack:${path}`))
        for (let i = 0; i < stored.count; i += 1) stored.store.get(i)
        stored.dispose()
      } catch (error) {
        expect((error as SimclrError).code, `seed ${seed}`).to.match(/^ERR_SIMCLR_(CORRUPT_FILE|DATA)$/)
      }
    }
  })

  it('leave nothing behind where they fail, and the old one where there is one', async () => {
    const path = write(folder('kept/old.pack'), 'old')
    const broken = await open([Buffer.from('no image')], { maxSkipped: 1 })
    expect((await rejection(pack(broken, path))).message).to.match(/none is usable/)
    const signal = AbortSignal.abort(new Error('stop'))
    expect((await rejection(pack(await open('fashion-mnist:test'), path, { signal }))).message).to.equal(
      'stop',
    )
    expect(readdirSync(folder('kept'))).to.deep.equal(['old.pack'])
    expect(readFileSync(path, 'utf8')).to.equal('old')
    const nowhere = (await rejection(
      pack(await open('fashion-mnist:test'), folder('absent/x.pack')),
    )) as SimclrError
    expect(nowhere.code).to.equal('ERR_SIMCLR_IO')
  })

  it('are not begun where a folder has their name', async () => {
    mkdirSync(folder('taken.pack'))
    let read = 0
    const count = () => {
      read += 1
      return file('png')
    }
    const source = { name: 'counted', count: 3, read: count }
    const error = (await rejection(pack(await open(source), folder('taken.pack')))) as SimclrError
    expect([error.code, read]).to.deep.equal(['ERR_SIMCLR_IO', 0])
    expect(error.message).to.contain(`${folder('taken.pack')} but it is a folder`)
  })

  it('hold images that were given by URL', async () => {
    const path = folder('url.pack')
    const bytes = await file('png')
    const images = [pathToFileURL(write(folder('url.png'), bytes))]
    await pack(await open(images), path, { keep: 'files' })
    expect(readFileSync(path).includes(bytes)).to.equal(true)
  })

  it('`simclr data pack` makes the folder, and takes --max-skipped', async () => {
    write(folder('half/a.jpg'), await file('jpeg'))
    write(folder('half/b.jpg'), 'no image')
    const args = ['data', 'pack', folder('half'), folder('made/half.pack')]
    const strict = await simclr(args)
    expect(strict.code).to.equal(1)
    expect(strict.stderr).to.contain('raise `maxSkipped` (--max-skipped)')
    const { code, stderr } = await simclr([...args, '--max-skipped', '0.5'])
    expect(code, stderr).to.equal(0)
    expect(readdirSync(folder('made'))).to.deep.equal(['half.pack'])
    expect((await simclr([...args, '--max-skipped', '2'])).code).to.equal(2)
  })

  it('`simclr data pack` writes one', async () => {
    const path = folder('cli.pack')
    const ran = await simclr(['data', 'pack', 'synthetic:scenes,count=30,size=16', path, '--json'])
    expect(ran.code, ran.stderr).to.equal(0)
    expect(JSON.parse(ran.stdout)).to.deep.include({
      type: 'packed',
      file: path,
      count: 30,
      bytes: statSync(path).size,
    })
    expect((await open(`pack:${path}`)).imageSize).to.equal(16)
  })
})
