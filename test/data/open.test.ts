import { chmodSync, mkdirSync, symlinkSync, unlinkSync, writeFileSync } from 'node:fs'
import { expect } from 'chai'
import { SimclrError } from '../../lib/addon/errors.ts'
import { type DataInput, type OpenOptions, open } from '../../lib/data/open.ts'
import { storeImages } from '../../lib/data/store.ts'
import { temporaryFolder } from '../support/folder.ts'
import { rejection } from '../support/rejection.ts'
import { file, write } from './pictures.ts'

async function refused(data: DataInput, options?: OpenOptions): Promise<SimclrError> {
  const error = await rejection(open(data, options))
  expect(error).to.be.instanceOf(SimclrError)
  return error as SimclrError
}

describe('folders and lists', () => {
  const folder = temporaryFolder()
  let jpeg: Buffer
  before(async () => {
    jpeg = await file('jpeg')
  })

  function fill(...paths: string[]): void {
    for (const path of paths) write(folder(path), jpeg)
  }

  async function namesOf(data: DataInput, options?: OpenOptions): Promise<string[]> {
    const set = await open(data, options)
    return Array.from({ length: set.count }, (_, i) => set.nameOf(i))
  }

  it('takes a flat folder, sorted by name, without labels', async () => {
    fill('flat/b.jpg', 'flat/a.JPEG', 'flat/10.jpg', 'flat/9.jpg')
    expect(await namesOf(folder('flat'))).to.deep.equal(['10.jpg', '9.jpg', 'a.JPEG', 'b.jpg'])
    const set = await open(folder('flat'))
    expect(set.labels).to.equal(null)
    expect(set.classNames).to.equal(null)
  })

  it('takes one folder a class as classes, in the order of their names', async () => {
    fill('classes/dog/1.jpg', 'classes/cat/2.jpg', 'classes/cat/1.jpg', 'classes/dog-b/0.jpg')
    const set = await open(folder('classes'))
    expect(await namesOf(folder('classes'))).to.deep.equal([
      'cat/1.jpg',
      'cat/2.jpg',
      'dog/1.jpg',
      'dog-b/0.jpg',
    ])
    expect(set.classNames).to.deep.equal(['cat', 'dog', 'dog-b'])
    expect([...set.labels!]).to.deep.equal([0, 0, 1, 2])
    expect(set.describe().classes).to.deep.equal([
      { name: 'cat', count: 2 },
      { name: 'dog', count: 1 },
      { name: 'dog-b', count: 1 },
    ])
  })

  it('takes the topmost folders as classes, however deep images lie in them', async () => {
    fill('deep/a/b/1.jpg', 'deep/a/c/3.jpg', 'deep/c/2.jpg')
    const set = await open(folder('deep'))
    expect(await namesOf(folder('deep'))).to.deep.equal(['a/b/1.jpg', 'a/c/3.jpg', 'c/2.jpg'])
    expect(set.classNames).to.deep.equal(['a', 'c'])
    expect([...set.labels!]).to.deep.equal([0, 0, 1])
  })

  it('takes anything else without labels: one folder, images beside folders, parts of a set', async () => {
    fill('one/only/1.jpg', 'one/only/2.jpg')
    fill('beside/a/1.jpg', 'beside/b/1.jpg', 'beside/0.jpg')
    fill('parts/train/cat/1.jpg', 'parts/train/dog/1.jpg', 'parts/Test/cat/2.jpg')
    for (const name of ['one', 'beside', 'parts'])
      expect((await open(folder(name))).labels, name).to.equal(null)
    fill('kinds/train/1.jpg', 'kinds/car/1.jpg')
    expect((await open(folder('kinds'))).classNames).to.deep.equal(['car', 'train'])
  })

  it('says why a folder has no classes, and which folders are empty', async () => {
    const why = async (name: string) => (await open(folder(name))).whyUnlabelled
    fill('pets/cat/1.jpg')
    expect(await why('pets')).to.equal('all its images lie in one folder, cat')
    mkdirSync(folder('pets/dog'))
    expect(await why('pets')).to.equal('all its images lie in one folder, cat (dog has none)')
    write(folder('pets/fox/notes.txt'), 'no image')
    expect(await why('pets')).to.equal('all its images lie in one folder, cat (dog, fox have none)')
    expect((await refused(folder('pets'), { classNames: ['cat', 'dog'] })).message).to.match(
      /pets has no labels: all its images .* \(dog, fox have none\)\. .* at least two folders with images/,
    )
    expect((await refused(folder('pets'), { limitPerClass: 1 })).message).to.contain('(dog, fox have none)')
    expect(await why('beside')).to.equal('0.jpg does not lie in a folder of its class')
    expect(await why('parts')).to.equal('its folders, Test, train, are parts of a set: name one of them')
    expect(await why('classes')).to.equal(null)
  })

  it('does not take an address in a list for a path', async () => {
    fill('addresses/a.jpg')
    write(folder('addresses/list.txt'), 'a.jpg\nhttps://a.example/b.jpg\n')
    const stored = await storeImages(await open(folder('addresses/list.txt'), { maxSkipped: 0.5 }))
    expect(stored.skipped).to.have.length(1)
    expect(stored.skipped[0]).to.include({ name: 'https://a.example/b.jpg', reason: 'unreadable' })
    expect(stored.skipped[0]!.detail).to.contain('Addresses are not fetched')
    stored.dispose()
  })

  it('passes over hidden files, lists files that are no images, and looks into names without an ending', async () => {
    fill('mixed/a.jpg', 'mixed/.hidden.jpg', 'mixed/__MACOSX/a.jpg', 'mixed/scan0001')
    write(folder('mixed/notes.txt'), 'hello')
    write(folder('mixed/Makefile'), 'all:')
    const set = await open(folder('mixed'))
    expect(await namesOf(folder('mixed'))).to.deep.equal(['a.jpg', 'scan0001'])
    expect(set.ignored.map(({ name, reason }) => `${name}: ${reason}`)).to.deep.equal([
      'Makefile: not an image',
      'notes.txt: not an image',
    ])
  })

  it('says of names that are not UTF-8 that they are none', async () => {
    fill('latin/ok.jpg', 'latin/two/b.jpg', 'latin/\ufffd.jpg')
    const latin = (name: string) => Buffer.from(folder('latin', name), 'latin1')
    writeFileSync(latin('caf\xe9.jpg'), jpeg)
    mkdirSync(latin('caf\xe9s'))
    writeFileSync(latin('caf\xe9s/a.jpg'), jpeg)
    const set = await open(folder('latin'))
    expect(await namesOf(folder('latin'))).to.deep.equal(['ok.jpg', 'two/b.jpg', '\ufffd.jpg'])
    const detail = 'its name is not UTF-8; rename it (convmv)'
    expect(set.ignored).to.deep.equal([
      { name: 'caf\ufffd.jpg', reason: 'unreadable', detail },
      { name: 'caf\ufffds', reason: 'unreadable', detail },
    ])
  })

  it('follows links, but not in circles', async () => {
    fill('links/real/a.jpg')
    symlinkSync(folder('links/real'), folder('links/copy'))
    symlinkSync(folder('links'), folder('links/real/up'))
    expect(await namesOf(folder('links'))).to.deep.equal(['copy/a.jpg', 'real/a.jpg'])
  })

  it('lists a folder it may not read', async function () {
    if (process.getuid?.() === 0) this.skip() // root may read everything
    fill('closed/a.jpg', 'closed/secret/b.jpg')
    chmodSync(folder('closed/secret'), 0)
    const set = await open(folder('closed'))
    chmodSync(folder('closed/secret'), 0o755)
    expect(set.ignored[0]).to.include({ name: 'secret', reason: 'unreadable' })
  })

  it('says what there is where there is no image', async () => {
    mkdirSync(folder('empty'))
    expect(await refused(folder('empty'))).to.include({ code: 'ERR_SIMCLR_DATA' })
    write(folder('texts/a.txt'), 'a')
    write(folder('texts/b.txt'), 'b')
    write(folder('texts/c.csv'), 'c')
    expect((await refused(folder('texts'))).message).to.match(
      /3 files \(2 \.txt, 1 \.csv\), none of them an image/,
    )
    expect((await refused(folder('absent'))).message).to.match(/there is no such file or folder/)
  })

  it('takes a list of paths, with and without classes', async () => {
    fill('listed/x/a.jpg', 'listed/b.jpg')
    write(folder('listed/plain.txt'), '# mine\nx/a.jpg\r\n\nb.jpg\n')
    expect(await namesOf(folder('listed/plain.txt'))).to.deep.equal(['x/a.jpg', 'b.jpg'])
    write(folder('listed/marked.txt'), '\ufeffx/a.jpg\n  \n\t\nb.jpg\n \n')
    expect(await namesOf(`list:${folder('listed/marked.txt')}`)).to.deep.equal(['x/a.jpg', 'b.jpg'])
    expect((await open(folder('listed/marked.txt'))).labels).to.equal(null)
    write(folder('listed/classes.tsv'), `x/a.jpg\tzebra\n${folder('listed/b.jpg')}\tape\nb.jpg\n`)
    const set = await open(`list:${folder('listed/classes.tsv')}`)
    expect(set.classNames).to.deep.equal(['ape', 'zebra'])
    expect([...set.labels!]).to.deep.equal([1, 0, -1])
    const stored = await storeImages(set)
    expect(stored.count).to.equal(3)
    stored.dispose()
  })

  it('takes a list whose first path begins as a BMP does', async () => {
    fill('cars/BMW/320i-touring-estate-2019.jpg')
    write(folder('cars/list.txt'), 'BMW/320i-touring-estate-2019.jpg\n')
    expect(await namesOf(folder('cars/list.txt'))).to.deep.equal(['BMW/320i-touring-estate-2019.jpg'])
  })

  it('takes what looks like an option for a part of the path where a kind has none', async () => {
    fill('runs,lr=0.1/a.jpg', 'runs/b.jpg')
    expect(await namesOf(`folder:${folder('runs,lr=0.1')}`)).to.deep.equal(['a.jpg'])
    const { code, message } = await refused(`folder:${folder('runs')},split=test`)
    expect(code).to.equal('ERR_SIMCLR_DATA')
    expect(message).to.contain('runs,split=test but there is no such file').and.contain('written folder:DIR.')
  })

  it('takes one image by its path', async () => {
    fill('single.jpg')
    expect(await namesOf(folder('single.jpg'))).to.deep.equal([folder('single.jpg')])
  })

  it('leaves out and lists what vanishes between opening and decoding', async () => {
    fill(...Array.from({ length: 20 }, (_, i) => `vanish/${String(i).padStart(2, '0')}.jpg`))
    const set = await open(folder('vanish'))
    unlinkSync(folder('vanish/03.jpg'))
    const stored = await storeImages(set)
    expect(stored.count).to.equal(19)
    expect(stored.skipped).to.have.length(1)
    expect(stored.skipped[0]).to.include({ name: '03.jpg', reason: 'vanished' })
    expect(stored.nameOf(3)).to.equal('04.jpg')
    stored.dispose()
  })
})

describe('choosing images', () => {
  const labels = Int32Array.from({ length: 300 }, (_, i) => Math.floor(i / 100))
  const images = {
    pixels: new Uint8Array(300),
    shape: [300, 1, 1, 1] as const,
    labels,
    classNames: ['a', 'b', 'c'],
  }

  async function chosen(options: OpenOptions): Promise<string[]> {
    const set = await open(images, options)
    return Array.from({ length: set.count }, (_, i) => set.nameOf(i))
  }

  it('limit: always the same, a smaller choice inside a larger, every class there, in order', async () => {
    const small = await chosen({ limit: 30 })
    const large = await chosen({ limit: 60 })
    expect(small).to.have.length(30)
    expect(await chosen({ limit: 30 })).to.deep.equal(small)
    expect(large).to.include.members(small)
    const numbers = small.map((name) => Number(name.split(' ')[1]))
    expect(numbers).to.deep.equal([...numbers].sort((a, b) => a - b))
    expect(new Set(numbers.map((n) => Math.floor(n / 100))).size).to.equal(3)
    expect(await chosen({ limit: 1000 })).to.have.length(300)
  })

  it('limitPerClass: the first of each class', async () => {
    expect(await chosen({ limitPerClass: 2 })).to.deep.equal(
      [0, 1, 100, 101, 200, 201].map((n) => `image ${n}`),
    )
    const set = await open(images, { limitPerClass: 50, limit: 90 })
    expect(set.count).to.equal(90)
    for (let i = 0; i < 90; i += 1) {
      const n = Number(set.nameOf(i).split(' ')[1])
      expect(n % 100).to.be.below(50)
      expect(set.labels![i]).to.equal(Math.floor(n / 100))
    }
  })

  it('labelFraction: a share of the labels, as many of each class, as limitPerClass has them', async () => {
    for (const [labelFraction, limitPerClass] of [
      [0.01, 1],
      [0.1, 10],
      [0.026, 3],
      [1, 100],
      [0.0001, 1],
    ] as const) {
      for (const limitSeed of [undefined, 3])
        expect(await chosen({ labelFraction, limitSeed })).to.deep.equal(
          await chosen({ limitPerClass, limitSeed }),
        )
    }
    // 40 of 300 have a label, of two classes: a tenth are two of each.
    const few = { ...images, labels: images.labels.map((_, i) => (i < 30 ? 0 : i < 40 ? 2 : -1)) }
    const set = await open(few, { labelFraction: 0.1 })
    expect([...set.labels!]).to.deep.equal([0, 0, 2, 2])
    // A class gives what it has.
    const all = await open(few, { labelFraction: 0.75 })
    expect([15, 10]).to.deep.equal(
      [0, 2].map((label) => all.labels!.filter((other) => other === label).length),
    )
    expect((await refused(images, { labelFraction: 0.1, limitPerClass: 2 })).message).to.contain(
      'no value beside `limitPerClass` for `labelFraction` but received 0.1.',
    )
  })

  it('limitSeed: another draw for each seed, as many of each class, a smaller limit within a larger one', async () => {
    const draw = async (limitPerClass: number, limitSeed: number) =>
      (await chosen({ limitPerClass, limitSeed })).map((name) => Number(name.split(' ')[1]))
    const draws = await Promise.all([0, 1, 2].map((seed) => draw(10, seed)))
    for (const indices of draws) {
      expect(indices).to.deep.equal([...indices].sort((a, b) => a - b))
      for (const label of [0, 1, 2])
        expect(indices.filter((i) => Math.floor(i / 100) === label)).to.have.length(10)
    }
    // Of 100 images a class, two draws of 10 share one on average.
    expect(new Set(draws.flat()).size).to.be.above(60)
    expect(await draw(10, 1)).to.deep.equal(draws[1])
    expect(await draw(20, 1)).to.include.members(draws[1]!)
    expect(await chosen({ limit: 30, limitSeed: 1 })).to.have.length(30)
    expect(await chosen({ limit: 30, limitSeed: 1 })).not.to.deep.equal(await chosen({ limit: 30 }))
    expect((await refused(images, { limitSeed: 1 })).message).to.match(
      /as all images are used, for `limitSeed`/,
    )
  })

  it('classNames: labels that mean the same as in another set', async () => {
    const set = await open(images, { classNames: ['c', 'x', 'a', 'b'], limitPerClass: 1 })
    expect([...set.labels!]).to.deep.equal([2, 3, 0])
    expect(set.describe().classes).to.deep.equal([
      { name: 'c', count: 1 },
      { name: 'x', count: 0 },
      { name: 'a', count: 1 },
      { name: 'b', count: 1 },
    ])
    expect((await refused(images, { classNames: ['a', 'b'] })).message).to.match(/also has c/)
  })

  it('refuses what does not fit together', async () => {
    const unlabelled = { pixels: new Uint8Array(4), shape: [4, 1, 1, 1] as const }
    expect((await refused(unlabelled, { limitPerClass: 1 })).message).to.match(/has no labels/)
    expect((await refused(unlabelled, { labelFraction: 0.1 })).message).to.match(
      /`labelFraction`.*has no labels/,
    )
    expect((await refused(unlabelled, { classNames: ['a'] })).message).to.match(/has no labels/)
    expect((await refused({ ...images, labels: [0, 1] })).message).to.match(/one label for each of the 300/)
    expect((await refused({ ...images, classNames: ['a'] })).message).to.match(/-1 to 0/)
    for (const [change, part] of [
      [{ labels: 5 }, 'an array of integers, one an image, for `labels` but received 5.'],
      [{ labels: {} }, '`labels` but received {}'],
      [{ labels: [0, 1] }, '`labels.length` but received 2. Images without a class have -1.'],
      [{ labels: labels.with(7, -2) }, '-1 to 2, one of the class names, for `labels[7]` but received -2'],
      [{ labels: BigInt64Array.from(labels, BigInt) }, '`labels[0]` but received 0n'],
      [{ classNames: 'abc' }, "an array of strings for `classNames` but received 'abc'"],
      [{ classNames: [1, 2, 3] }, '`classNames` but received [ 1, 2, 3 ]'],
      [{ shape: [25, 3, 2, 2] }, 'bring the channels to the end'],
      [{ shape: [30, 2, 1, 5] }, 'with 1, 3 or 4 channels for `shape` but received [ 30, 2, 1, 5 ]'],
    ] as const) {
      const { code, message } = await refused({ ...images, ...change } as unknown as DataInput)
      expect(code, part).to.equal('ERR_SIMCLR_INVALID_ARGUMENT')
      expect(message).to.contain(part)
    }
    for (const twice of [
      refused({ ...images, classNames: ['a', 'b', 'a'] }),
      refused(images, { classNames: ['a', 'b', 'c', 'a'] }),
    ])
      expect((await twice).message).to.match(/a name of its own for each class .* a is there twice/)
    expect((await refused(images, { limit: 0 })).message).to.match(
      /Expected an integer of at least 1 for `limit`/,
    )
    expect((await refused(images, { limt: 3 } as OpenOptions)).message).to.match(/Did you mean `limit`/)
    expect((await refused(images, { maxSkipped: 2 })).message).to.match(/`maxSkipped` but received 2/)
  })

  it('refuses what is no data', async () => {
    for (const wrong of [7, {}, [], { count: 3 }, { count: 0, read: () => '' }, 'cifar11:x', '']) {
      expect((await refused(wrong as unknown as DataInput)).code, String(wrong)).to.match(
        /INVALID_ARGUMENT|DATA/,
      )
    }
    for (const [source, part] of [
      [{ count: 1, read: () => '' }, 'a string for `name` but received undefined'],
      [{ name: 'x', count: 1, read: 5 }, 'a function for `read` but received 5'],
      [{ name: 'x', count: 1, read: undefined }, 'Or give `stream`'],
      [{ images: ['a.jpg'], names: [] }, 'an array of 1 names, one an image, for `names` but received []'],
    ] as const) {
      const { code, message } = await refused(source as unknown as DataInput)
      expect([code, message.includes(part)], message).to.deep.equal(['ERR_SIMCLR_INVALID_ARGUMENT', true])
    }
    const image = { data: new Uint8Array(1), width: 1, height: 1, channels: 1 } as const
    const both = { name: 'both', count: 1, images: [image], read: () => image }
    expect((await refused(both)).message).to.contain("received [ 'images', 'read' ]")
    const address = `data:image/png;base64,${'A'.repeat(10_000)}`
    const one = await refused(address)
    const listed = await rejection(open([address]).then((set) => storeImages(set, { maxMemory: 1e6 })))
    for (const { message } of [one, listed]) expect(message.length).to.be.below(700)
    expect(listed.message).to.contain('image 0').and.contain('Pass its bytes')
    expect((await refused('cifar11:x')).message).to.match(/Did you mean `cifar10:`/)
    expect((await refused('synthetic:scenes,cuont=3')).message).to.match(/Did you mean `count`/)
    for (const [data, usage] of [
      ['folder:', 'folder:DIR'],
      ['folder', 'folder:DIR'],
      ['list:', 'list:FILE'],
      ['cifar10', 'cifar10:DIR[,split=train|test|all]'],
      ['cifar10:,split=test', 'cifar10:DIR[,split=train|test|all]'],
      ['webdataset:', 'webdataset:GLOB'],
    ] as const) {
      const { code, message } = await refused(data)
      expect(code).to.equal('ERR_SIMCLR_INVALID_ARGUMENT')
      expect(message)
        .to.contain(`Expected ${usage} for \`data\` but received '${data}'.`)
        .and.contain(`\`./${data}\``)
    }
    expect((await refused('synthetic:scenes,size=4')).message).to.match(/from 8 to 4096 for `size`/)
  })
})
