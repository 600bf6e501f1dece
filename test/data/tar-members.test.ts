import { execFileSync } from 'node:child_process'
import { linkSync, openSync, readFileSync, symlinkSync, truncateSync, writeSync } from 'node:fs'
import { expect } from 'chai'
import { open } from '../../lib/data/open.ts'
import { storeImages } from '../../lib/data/store.ts'
import { temporaryFolder } from '../support/folder.ts'
import { file, write } from './pictures.ts'
import { refused } from './refused.ts'

/** With its checksum, which counts itself as spaces. */
function checked(header: Buffer): Buffer {
  header.fill(' ', 148, 156)
  const sum = header.reduce((a, b) => a + b, 0)
  header.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148)
  return header
}

/** Header and contents of the member that says more about the next one. */
function paxHeader(next: Buffer, field: string): Buffer[] {
  const length = field.length + 4
  const header = Buffer.from(next)
  header.write('x', 156)
  header.write(`${length.toString(8).padStart(11, '0')}\0`, 124)
  const contents = Buffer.alloc(512)
  contents.write(`${length} ${field}\n`)
  return [checked(header), contents]
}

describe('members of a tar', () => {
  const folder = temporaryFolder()
  const pictures: Buffer[] = []
  before(async () => {
    for (let seed = 0; seed < 3; seed += 1) pictures.push(await file('jpeg', 40, 30, seed))
  })

  function tar(archive: string, from: string, flags: string[] = []): string {
    execFileSync('tar', ['--sort=name', ...flags, '-cf', folder(archive), '-C', folder(from), '.'])
    return folder(archive)
  }

  /** Bytes that this process has asked the system for. */
  function bytesRead(): number {
    return Number(/rchar: (\d+)/.exec(readFileSync('/proc/self/io', 'utf8'))![1])
  }

  function fillLinks(): void {
    write(folder('links/a/1.jpg'), pictures[0]!)
    linkSync(folder('links/a/1.jpg'), folder('links/a/2.jpg'))
    symlinkSync('1.jpg', folder('links/a/0.jpg')) // what it leads to comes later
    write(folder('links/blobs/of-3'), pictures[1]!)
    symlinkSync('../blobs/of-3', folder('links/a/3.jpg'))
    symlinkSync('a/3.jpg', folder('links/d.jpg'))
    symlinkSync('loop.jpg', folder('links/loop.jpg'))
    symlinkSync('/etc/hostname', folder('links/outside.jpg'))
    symlinkSync('blobs', folder('links/latest'))
    write(folder('links/sparse.jpg'), pictures[2]!)
    truncateSync(folder('links/sparse.jpg'), 1 << 20)
  }

  it('that are links are what they lead to; those that lead nowhere, and sparse files, are listed', async () => {
    fillLinks()
    for (const format of ['gnu', 'pax']) {
      const set = await open(tar(`links-${format}.tar`, 'links', [`--format=${format}`, '--sparse']))
      const names = Array.from({ length: set.count }, (_, i) => set.nameOf(i))
      expect(names, format).to.deep.equal(['a/0.jpg', 'a/1.jpg', 'a/2.jpg', 'a/3.jpg', 'd.jpg'])
      const stored = await storeImages(set)
      const alone = await storeImages(await open(pictures))
      for (const [i, of] of [0, 0, 0, 1, 1].entries())
        expect(stored.store.get(i), names[i]).to.deep.equal(alone.store.get(of))
      expect(stored.skipped.map(({ name, reason }) => `${name}: ${reason}`)).to.have.members([
        'blobs/of-3: not an image',
        'loop.jpg: unreadable',
        'outside.jpg: unreadable',
        'sparse.jpg: unreadable',
      ])
      const said = Object.fromEntries(stored.skipped.map(({ name, detail }) => [name, detail]))
      expect(said['outside.jpg']).to.match(/^a link to \/etc\/hostname, which .* --dereference/)
      expect(said['sparse.jpg']).to.match(/^a sparse file.* without --sparse$/)
      for (const each of [stored, alone]) each.dispose()
    }
  })

  it('that are links are listed where the archive is read from front to back', async () => {
    const set = await open(tar('links.tar.gz', 'links', ['-z']))
    const stored = await storeImages(set)
    expect(Array.from({ length: stored.count }, (_, i) => stored.nameOf(i))).to.deep.equal([
      'a/1.jpg',
      'sparse.jpg',
    ])
    expect(stored.skipped.map(({ name }) => name)).to.include.members(['a/0.jpg', 'a/2.jpg', 'a/3.jpg'])
    stored.dispose()
  })

  it('that are links make samples of a WebDataset, image and class', async () => {
    write(folder('web/1.cls'), '7')
    write(folder('web/1.jpg'), pictures[0]!)
    linkSync(folder('web/1.cls'), folder('web/2.cls'))
    linkSync(folder('web/1.jpg'), folder('web/2.jpg'))
    write(folder('web/3.jpg'), pictures[1]!)
    symlinkSync('nowhere.jpg', folder('web/4.jpg'))
    const set = await open(`webdataset:${tar('web.tar', 'web')}`)
    expect([...set.labels!]).to.deep.equal([7, 7, -1])
    expect(set.ignored.map(({ name, reason }) => [name, reason])).to.deep.equal([['4.jpg', 'unreadable']])
    const stored = await storeImages(set)
    expect(stored.store.get(1)).to.deep.equal(stored.store.get(0))
    stored.dispose()
    symlinkSync('nowhere.cls', folder('web/3.cls'))
    expect((await refused(`webdataset:${tar('web.tar', 'web')}`)).message).to.match(
      /Expected a class number in 3\.cls but it is a link to nowhere\.cls/,
    )
  })

  it('are found without reading what they hold', async () => {
    for (let i = 0; i < 8; i += 1) write(folder(`large/${i}.jpg`), Buffer.alloc(1 << 22, i))
    write(folder('large/z.jpg'), pictures[0]!)
    write(folder('large/z.cls'), '5')
    const path = tar('large.tar', 'large')
    await open(`webdataset:${path}`) // whatever is loaded when it is first needed
    const before = bytesRead()
    const set = await open(`webdataset:${path}`)
    expect(bytesRead() - before).to.be.below(1 << 20)
    expect(set.count).to.equal(9)
    expect([...set.labels!]).to.deep.equal([-1, -1, -1, -1, -1, -1, -1, -1, 5])
    expect(await set.read(8)).to.include({ width: 40, height: 30 })
  })

  for (const [how, large] of [
    [
      'binary',
      (header: Buffer) =>
        header
          .fill(0, 124, 136)
          .fill(0x80, 124, 125)
          .writeBigUInt64BE(9n << 30n, 128),
    ],
    ['pax', (header: Buffer) => header.write('00000000000\0', 124)],
  ] as const) {
    it(`are found behind one of 9 GiB, whose size is ${how}`, async () => {
      write(folder('nine/a.txt'), 'text')
      write(folder('nine/b.jpg'), pictures[0]!)
      const bytes = readFileSync(tar('nine.tar', 'nine', ['--format=ustar', '--exclude=./[!ab]*']))
      const at = bytes.indexOf('./a.txt')
      const header = Buffer.from(bytes.subarray(at, at + 512))
      large(header)
      const path = folder(`nine-${how}.tar`)
      const out = openSync(path, 'w')
      const front =
        how === 'pax' ? [...paxHeader(header, `size=${9 * 2 ** 30}`), checked(header)] : [checked(header)]
      writeSync(out, Buffer.concat(front))
      writeSync(out, bytes.subarray(at + 1024), 0, null, 512 * front.length + 9 * 2 ** 30) // a hole before it
      const set = await open(`tar:${path}`)
      expect([set.count, set.nameOf(0)]).to.deep.equal([1, 'b.jpg'])
      expect(await set.read(0)).to.include({ width: 40, height: 30 })
    })
  }
})
