import { execFileSync } from 'node:child_process'
import { readdirSync, readFileSync, truncateSync } from 'node:fs'
import { pathToFileURL } from 'node:url'
import { gzipSync } from 'node:zlib'
import { expect } from 'chai'
import sharp from 'sharp'
import type { SimclrError } from '../../lib/addon/errors.ts'
import { readImages } from '../../lib/data/images.ts'
import { type DataInput, open } from '../../lib/data/open.ts'
import { Records } from '../../lib/data/sources/records.ts'
import { Spool } from '../../lib/data/spool.ts'
import { type StoredImages, storeImages } from '../../lib/data/store.ts'
import type { ImageSource } from '../../lib/data/types.ts'
import { temporaryFolder } from '../support/folder.ts'
import { rejection } from '../support/rejection.ts'
import { needShared } from '../support/shared.ts'
import { file, picture, ramp, write } from './pictures.ts'
import { refused } from './refused.ts'

describe('binary sets', () => {
  const folder = temporaryFolder()

  it('reads CIFAR-10: planes to pixels, labels, names, splits', async () => {
    const record = (label: number, step: number) => Buffer.concat([Buffer.from([label]), ramp(3072, step)])
    for (const n of [1, 2, 3, 4, 5]) {
      const path = folder(`c10/cifar-10-batches-bin/data_batch_${n}.bin`)
      write(path, Buffer.concat([record(n, n), record(9 - n, n + 5)]))
    }
    write(folder('c10/cifar-10-batches-bin/test_batch.bin'), record(7, 11))
    write(
      folder('c10/cifar-10-batches-bin/batches.meta.txt'),
      'airplane\nautomobile\nbird\ncat\ndeer\ndog\nfrog\nhorse\nship\ntruck\n\n',
    )
    const train = await open(`cifar10:${folder('c10')}`)
    expect(train).to.include({ count: 10, imageSize: 32 })
    expect([...train.labels!]).to.deep.equal([1, 8, 2, 7, 3, 6, 4, 5, 5, 4])
    expect(train.classNames![7]).to.equal('horse')
    const image = await train.read(3) // the second record of the second file
    const planes = ramp(3072, 7)
    for (const at of [0, 1, 33, 1023]) {
      const pixel = [...image.data.subarray(3 * at, 3 * at + 3)]
      expect(pixel).to.deep.equal([planes[at], planes[1024 + at], planes[2048 + at]])
    }
    const test = await open(`cifar10:${folder('c10/cifar-10-batches-bin')},split=test`)
    expect([...test.labels!]).to.deep.equal([7])
    expect((await open(`cifar10:${folder('c10')},split=all`)).count).to.equal(11)
    await train.close()
    write(folder('c10/cifar-10-batches-bin/test_batch.bin'), Buffer.alloc(3000))
    expect((await refused(`cifar10:${folder('c10')},split=test`)).code).to.equal('ERR_SIMCLR_CORRUPT_FILE')
    expect((await refused(`cifar10:${folder()}`)).message).to.match(/data_batch_1\.bin.*data fetch cifar10/)
  })

  it('reads again what could not be read once', async () => {
    const path = folder('again/train.bin')
    const whole = Buffer.concat([Buffer.from([3, 77]), ramp(3072, 1), Buffer.from([4, 5]), ramp(3072, 2)])
    write(path, whole)
    const records = await Records.open([path], 3074)
    truncateSync(path, 3074)
    expect((await rejection(records.read(1))).message).to.contain('has become shorter')
    write(path, whole)
    expect([...(await records.read(1)).subarray(0, 2)]).to.deep.equal([4, 5])
  })

  it('reads CIFAR-100 with fine and coarse labels', async () => {
    write(
      folder('c100/train.bin'),
      Buffer.concat([Buffer.from([3, 77]), ramp(3072, 1), Buffer.from([4, 5]), ramp(3072, 2)]),
    )
    expect([...(await open(`cifar100:${folder('c100')}`)).labels!]).to.deep.equal([77, 5])
    const coarse = await open(`cifar100:${folder('c100')},labels=coarse`)
    expect([...coarse.labels!]).to.deep.equal([3, 4])
    expect((await coarse.read(1)).data[0]).to.equal(0)
    expect((await coarse.read(1)).data[3]).to.equal(2)
  })

  it('reads STL-10: columns to rows, labels from their own file, unlabelled images', async () => {
    const bytes = 3 * 96 * 96
    write(folder('stl/train_X.bin'), Buffer.concat([ramp(bytes, 1), ramp(bytes, 3)]))
    write(folder('stl/train_y.bin'), Buffer.from([10, 1]))
    write(folder('stl/unlabeled_X.bin'), ramp(bytes, 5))
    write(folder('stl/class_names.txt'), 'airplane\nbird\ncar\ncat\ndeer\ndog\nhorse\nmonkey\nship\ntruck\n')
    const set = await open(`stl10:${folder('stl')}`)
    expect(set).to.include({ count: 3, imageSize: 96 })
    expect([...set.labels!]).to.deep.equal([9, 0, -1])
    const planes = ramp(bytes, 5)
    const { data } = await set.read(2)
    const [x, y] = [5, 40]
    for (const channel of [0, 1, 2]) {
      expect(data[(y * 96 + x) * 3 + channel]).to.equal(planes[channel * 9216 + x * 96 + y])
    }
    expect((await open(`stl10:${folder('stl')},split=unlabeled`)).labels).to.equal(null)
    expect((await refused(`stl10:${folder('stl')},split=test`)).message).to.match(/test_X\.bin/)
    for (const [labels, part] of [
      [[10], 'each of 2 images but it holds 1 bytes'],
      [[10, 1, 1], 'it holds 3 bytes'],
      [[0, 1], 'it holds a 0'],
      [[1, 11], 'it holds a 11'],
    ] as const) {
      write(folder('stl/train_y.bin'), Buffer.from(labels))
      const { code, message } = await refused(`stl10:${folder('stl')}`)
      expect(code).to.equal('ERR_SIMCLR_CORRUPT_FILE')
      expect(message).to.contain(part)
    }
  })

  it('reads IDX, plain and gzipped, grey and colour, with and without labels', async () => {
    const header = (...shape: number[]) => {
      const out = Buffer.alloc(4 + 4 * shape.length)
      out[2] = 8
      out[3] = shape.length
      for (const [i, size] of shape.entries()) out.writeUInt32BE(size, 4 + 4 * i)
      return out
    }
    const images = Buffer.concat([header(3, 4, 5), ramp(60, 7)])
    const labels = Buffer.concat([header(3), Buffer.from([2, 0, 1])])
    write(folder('i.idx'), images)
    write(folder('i.idx.gz'), gzipSync(images))
    write(folder('l.gz'), gzipSync(labels))
    for (const spec of [
      `idx:${folder('i.idx')},${folder('l.gz')}`,
      `idx:${folder('i.idx.gz')},${folder('l.gz')}`,
    ]) {
      const set = await open(spec)
      expect([...set.labels!]).to.deep.equal([2, 0, 1])
      const image = await set.read(1)
      expect(image).to.include({ width: 5, height: 4, channels: 1 })
      expect([...image.data]).to.deep.equal([...ramp(60, 7).subarray(20, 40)])
    }
    expect((await open(folder('i.idx'))).labels, 'by its bytes').to.equal(null)
    expect((await open(folder('i.idx.gz'))).count, 'by its bytes').to.equal(3)
    write(folder('rgb.idx'), Buffer.concat([header(2, 2, 2, 3), ramp(24, 1)]))
    expect(await (await open(`idx:${folder('rgb.idx')}`)).read(1)).to.include({ width: 2, channels: 3 })
    for (const [name, bytes] of Object.entries({
      'short.idx': images.subarray(0, 50),
      'header.idx': images.subarray(0, 10),
      'floats.idx': Buffer.from([0, 0, 13, 1, 0, 0, 0, 0]),
      'cut.gz': gzipSync(images).subarray(0, 30),
      'none.idx': Buffer.alloc(0),
    })) {
      write(folder(name), bytes)
      expect((await refused(`idx:${folder(name)}`)).code, name).to.equal('ERR_SIMCLR_CORRUPT_FILE')
    }
    expect((await refused(`idx:${folder('i.idx')},${folder('i.idx')}`)).message).to.match(
      /labels of the 3 images/,
    )
  })
})

describe('the CIFAR images of ../shared as a folder', () => {
  const folder = temporaryFolder()

  it('gives the small budget: the first 200 files a class, sorted by name', async function () {
    this.timeout(60_000)
    const archive = needShared(this, 'data/cifar10-test.tar')
    execFileSync('tar', ['-xf', archive, '-C', folder()])
    const set = await open(folder('test'), { limitPerClass: 200 })
    const classes = readdirSync(folder('test')).sort()
    expect(set.classNames).to.deep.equal(classes)
    const due = classes.flatMap((name) =>
      readdirSync(folder('test', name))
        .sort()
        .slice(0, 200)
        .map((file) => `${name}/${file}`),
    )
    expect(Array.from({ length: set.count }, (_, i) => set.nameOf(i))).to.deep.equal(due)
    const stored = await storeImages(set)
    expect(stored).to.include({ count: 2000 })
    expect(stored.skipped).to.deep.equal([])
    const sampled = await sharp(readFileSync(folder('test', due[777]!)))
      .raw()
      .toBuffer()
    expect(Buffer.compare(Buffer.from(stored.store.get(777).data), sampled)).to.equal(0)
    stored.dispose()
  })
})

describe('data in memory', () => {
  const folder = temporaryFolder()

  it('takes raw pixels, bytes of files and paths side by side', async () => {
    const raw = { data: ramp(12, 1), width: 2, height: 2, channels: 3 as const }
    const rgba = { data: ramp(16, 1), width: 2, height: 2, channels: 4 as const }
    const set = await open([raw, await file('png'), rgba])
    const stored = await storeImages(set)
    expect([...stored.store.get(0).data]).to.deep.equal([...raw.data])
    expect(stored.store.get(1)).to.include({ width: 40, height: 30, channels: 3 })
    expect([...stored.store.get(2).data]).to.deep.equal([0, 1, 2, 4, 5, 6, 8, 9, 10, 12, 13, 14])
    stored.dispose()
    const named = await open({
      images: [raw, rgba],
      labels: [1, 0],
      classNames: ['x', 'y'],
      names: ['first', 'second'],
    })
    expect(named.nameOf(1)).to.equal('second')
    expect([...named.labels!]).to.deep.equal([1, 0])
  })

  it('takes file: URLs, and names them', async () => {
    const url = pathToFileURL(write(folder('a.png'), await file('png')))
    const set = await open([url, new Uint8Array(await file('png')).buffer])
    const stored = await storeImages(set)
    expect(stored.store.get(1)).to.deep.equal(stored.store.get(0))
    expect(stored.nameOf(0)).to.equal(url.href)
    stored.dispose()
  })

  it('takes one array of pixels', async () => {
    const pixels = ramp(2 * 3 * 4 * 3, 1)
    const set = await open({ pixels, shape: [2, 3, 4, 3] })
    expect([...(await set.read(1)).data]).to.deep.equal([...pixels.subarray(36)])
    const message = (await refused({ pixels, shape: [2, 3, 4, 4] })).message
    expect(message).to.match(/2 x 3 x 4 x 4 bytes for `pixels` but received 72/)
    const floats = { pixels: new Float32Array(72) as unknown as Uint8Array, shape: [2, 3, 4, 3] as const }
    expect((await refused(floats)).message).to.match(/received Float32Array\(72\)/)
    const shapeless = { pixels } as unknown as DataInput
    expect((await refused(shapeless)).message).to.match(/`shape` but received undefined/)
    const clamped = await open({ pixels: new Uint8ClampedArray(pixels), shape: [2, 3, 4, 3] })
    expect([...(await clamped.read(1)).data]).to.deep.equal([...pixels.subarray(36)])
  })

  it('takes a source of one’s own: by index, or as a stream', async () => {
    const bytes = await Promise.all([0, 1, 2].map((seed) => picture(16, 16, seed).png().toBuffer()))
    const byIndex: ImageSource = {
      name: 'mine',
      count: 3,
      labels: [0, 1, 0],
      read: async (index) => bytes[index]!,
    }
    const stored = await storeImages(await open(byIndex))
    expect([...stored.labels!]).to.deep.equal([0, 1, 0])
    expect(stored.nameOf(2)).to.equal('mine 2')
    const streamed = await open({ name: 'flow', count: 3, stream: () => bytes })
    const other = await storeImages(streamed)
    for (const i of [0, 1, 2]) expect(other.store.get(i)).to.deep.equal(stored.store.get(i))
    expect((await rejection(streamed.read(1))).message).to.match(/only be read from front to back/)
    const short = await open({ name: 'flow', count: 5, stream: () => bytes })
    expect((await rejection(storeImages(short))).message).to.match(
      /Expected 5 images of flow but it ended after 3/,
    )
    stored.dispose()
    other.dispose()
  })

  it('reads a stream once, also where its images turn out not to fit into memory', async () => {
    const count = 7
    const bad = 1
    let begun = 0
    const stream = async function* () {
      begun += 1
      for (let seed = 0; seed < count; seed += 1) {
        // Opaque or not, grey or not, and one that is no image.
        const pixels = await picture(16 + seed, 16, seed)
          .raw()
          .toBuffer()
        if (seed === bad) yield Buffer.from('none')
        else if (seed === 2)
          yield { data: pixels.subarray(0, 288), width: 18, height: 16, channels: 1 as const }
        else if (seed === 3) yield picture(19, 16, seed).ensureAlpha().png().toBuffer()
        else
          yield picture(16 + seed, 16, seed)
            .png()
            .toBuffer()
      }
    }
    const labels = [0, 1, 2, 0, 1, 2, 0]
    const queue = () => open({ name: 'queue', count, labels, stream }, { maxSkipped: 0.5 })
    const memory = await storeImages(await queue())
    const told = ({ store, nameOf, labels, skipped, count }: StoredImages) => ({
      ...{ labels, skipped, count },
      images: Array.from({ length: count }, (_, i) => [nameOf(i), store.get(i)]),
    })
    const full = (await rejection(storeImages(await queue(), { maxMemory: 1 }))) as SimclrError
    expect(full.code).to.equal('ERR_SIMCLR_OUT_OF_MEMORY')
    begun = 0
    // At once, in between, with the last image.
    for (const maxMemory of [0, 2000, memory.store.bytes - 1]) {
      const spooled = await storeImages(await queue(), { maxMemory, overflow: () => Spool.create() })
      expect(spooled.store.bytes, 'all of it is in the file').to.equal(0)
      expect(told(spooled)).to.deep.equal(told(memory))
      spooled.dispose()
    }
    expect(begun).to.equal(3)
    memory.dispose()
  })

  it('leaves what memory has no room for to a file by itself, of a stream that cannot begin anew', async () => {
    const images = (async function* () {
      for (let seed = 0; seed < 3; seed += 1) yield picture(16, 16, seed).png().toBuffer()
    })()
    const once = { name: 'once', count: 3, stream: () => images }
    const available = process.availableMemory
    try {
      process.availableMemory = () => 1000
      const read = await readImages(once, { imageSize: 16 })
      expect(read.count).to.equal(3)
      expect(read.store.bytes).to.equal(0)
      await read.dispose()
    } finally {
      process.availableMemory = available
    }
  })
})

describe('the embedded Fashion-MNIST', () => {
  it('is 8,000 images to train on and 2,000 held out, balanced and disjoint', async () => {
    const parts = ['train', 'test', 'all'].map((part) => open(`fashion-mnist:${part}`))
    const [train, test, all] = await Promise.all(parts)
    expect([train!.count, test!.count, all!.count]).to.deep.equal([8000, 2000, 10_000])
    for (const { count } of train!.describe().classes!) expect(count).to.equal(800)
    for (const { count } of test!.describe().classes!) expect(count).to.equal(200)
    const names = (set: typeof train) => Array.from({ length: set!.count }, (_, i) => set!.nameOf(i))
    expect(new Set([...names(train), ...names(test)]).size).to.equal(10_000)
    expect((await open('fashion-mnist')).name).to.equal(train!.name)
    const stored = await storeImages(test!)
    expect(stored.store.bytes).to.equal(2000 * 28 * 28)
    expect(stored.store.get(0)).to.include({ width: 28, height: 28, channels: 1 })
    stored.dispose()
  })

  it('splits as documented: the first 800 of a class in the file train', async () => {
    const all = await open('fashion-mnist:all')
    const test = await open('fashion-mnist:test')
    const bags = [...all.labels!.keys()].filter((i) => all.classNames![all.labels![i]!] === 'Bag')
    const held = [...test.labels!.keys()].filter((i) => test.labels![i] === 8).map((i) => test.nameOf(i))
    expect(held).to.deep.equal(bags.slice(800).map((i) => `t10k ${i}`))
  })
})

describe('synthetic scenes', () => {
  it('are a function of seed and index, of any size and count, ten balanced classes', async () => {
    const set = await open('synthetic:scenes,count=40,size=24,seed=3')
    expect(set).to.include({ count: 40, imageSize: 24 })
    for (const { count } of set.describe().classes!) expect(count).to.equal(4)
    const stored = await storeImages(set)
    const part = await storeImages(await open('synthetic:scenes,count=40,size=24,seed=3', { limit: 7 }))
    for (let i = 0; i < part.count; i += 1) {
      const scene = Number(part.nameOf(i).split(' ')[1])
      expect(part.store.get(i)).to.deep.equal(stored.store.get(scene))
      expect(part.labels![i]).to.equal(stored.labels![scene])
    }
    const other = await storeImages(await open('synthetic:scenes,count=40,size=24,seed=4'))
    let same = 0
    for (let i = 0; i < 40; i += 1) {
      if (Buffer.compare(Buffer.from(other.store.get(i).data), Buffer.from(stored.store.get(i).data)) === 0)
        same += 1
    }
    expect(same).to.equal(0)
    for (const each of [stored, part, other]) each.dispose()
    await set.close()
  })

  it('hold out their last fifth, which starts where the others end', async () => {
    const spec = 'synthetic:scenes,count=23,size=16'
    const [all, train, test] = await Promise.all(
      ['all', 'train', 'test'].map(async (split) => storeImages(await open(`${spec},split=${split}`))),
    )
    expect([all!.count, train!.count, test!.count]).to.deep.equal([23, 19, 4])
    for (let i = 0; i < 23; i += 1) {
      const [part, at] = i < 19 ? [train!, i] : [test!, i - 19]
      expect(part.store.get(at)).to.deep.equal(all!.store.get(i))
      expect([part.labels![at], part.nameOf(at)]).to.deep.equal([all!.labels![i], all!.nameOf(i)])
    }
    const one = await storeImages(await open(`${spec},split=test`, { limit: 1 }))
    expect(one.store.get(0)).to.deep.equal(all!.store.get(Number(one.nameOf(0).split(' ')[1])))
    for (const each of [all!, train!, test!, one]) each.dispose()
  })

  it('are what is opened where nothing is named: 8,000 to train on', async () => {
    const set = await open()
    expect(set).to.include({ count: 8000, imageSize: 32 })
    expect(set.nameOf(7999)).to.equal('scene 7999')
  })

  it('are the same picture at another size', async () => {
    const [small, large] = await Promise.all(
      [32, 128].map(async (size) => storeImages(await open(`synthetic:scenes,count=10,size=${size}`))),
    )
    for (let i = 0; i < 10; i += 1) {
      const a = small!.store.get(i).data
      const b = large!.store.get(i).data
      let error = 0
      for (let y = 0, at = 0; y < 32; y += 1) {
        for (let x = 0; x < 32; x += 1) {
          for (let c = 0; c < 3; c += 1, at += 1) {
            let sum = 0
            for (let v = 0; v < 16; v += 1) sum += b[((4 * y + (v >> 2)) * 128 + 4 * x + (v & 3)) * 3 + c]!
            error += Math.abs(a[at]! - sum / 16)
          }
        }
      }
      expect(error / 3072, `scene ${i}`).to.be.below(6)
    }
    small!.dispose()
    large!.dispose()
  })
})
