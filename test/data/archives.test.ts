import { execFileSync } from 'node:child_process'
import { copyFileSync, readFileSync } from 'node:fs'
import { gzipSync } from 'node:zlib'
import { expect } from 'chai'
import { open } from '../../lib/data/open.ts'
import { storeImages } from '../../lib/data/store.ts'
import { temporaryFolder } from '../support/folder.ts'
import { needShared } from '../support/shared.ts'
import { file, ramp, write } from './pictures.ts'
import { refused } from './refused.ts'

describe('archives', () => {
  const folder = temporaryFolder()
  const pictures: Buffer[] = []
  before(async () => {
    for (let seed = 0; seed < 6; seed += 1) pictures.push(await file('jpeg', 40, 30, seed))
  })

  /** By the system's own tar, so that it is not tar-stream that understands itself. */
  function tar(archive: string, from: string, flags: string[] = []): string {
    execFileSync('tar', ['--sort=name', ...flags, '-cf', folder(archive), '-C', folder(from), '.'])
    return folder(archive)
  }

  for (const [name, flags] of [
    ['t.tar', []],
    ['t.tar.gz', ['-z']],
    ['pax.tar', ['--format=pax']],
  ] as const) {
    it(`reads ${name}: the images inside, their classes, the same pixels as from the files`, async () => {
      const long = `${'very-'.repeat(30)}long`
      for (const [i, bytes] of pictures.entries())
        write(folder(`in/train/${i % 2 ? long : 'cat'}/${i}.jpg`), bytes)
      write(folder('in/train/readme.txt'), 'hello')
      const set = await open(tar(name, 'in', [...flags]))
      expect(set.count).to.equal(6)
      expect(set.classNames).to.deep.equal(['cat', long])
      expect([...set.labels!]).to.deep.equal([0, 0, 0, 1, 1, 1])
      expect(set.ignored.map((skipped) => skipped.name)).to.deep.equal(['train/readme.txt'])
      const files = await storeImages(await open(folder('in/train')))
      const stored = await storeImages(set)
      expect(stored.count).to.equal(6)
      expect(stored.nameOf(0)).to.equal('train/cat/0.jpg')
      for (let i = 0; i < 6; i += 1) expect(stored.store.get(i)).to.deep.equal(files.store.get(i))
      const limited = await storeImages(await open(folder(name), { limitPerClass: 1 }))
      expect(limited.nameOf(1)).to.equal(`train/${long}/1.jpg`)
      expect(limited.store.get(1)).to.deep.equal(files.store.get(3))
      for (const each of [files, stored, limited]) each.dispose()
    })
  }

  it('reads WebDataset shards by pattern, with classes', async () => {
    for (const shard of [0, 1, 2]) {
      for (const i of [0, 1]) {
        write(folder(`shard${shard}/${i}.jpg`), pictures[2 * shard + i]!)
        write(folder(`shard${shard}/${i}.cls`), String(shard))
        write(folder(`shard${shard}/${i}.json`), '{}')
        write(folder(`shard${shard}/${i}.depth.jpg`), pictures[0]!) // beside the image, before it
      }
      write(folder(`shard${shard}/text-only.txt`), 'no image here')
      tar(`web-${String(shard).padStart(6, '0')}.tar`, `shard${shard}`)
    }
    const set = await open(`webdataset:${folder('web-{000000..000002}.tar')}`)
    expect([...set.labels!]).to.deep.equal([0, 0, 1, 1, 2, 2])
    expect((await open(`webdataset:${folder('web-*.tar')}`)).count).to.equal(6)
    const two = await open(`webdataset:${folder('web-{000001..000002}.tar')}`)
    expect([...two.labels!]).to.deep.equal([1, 1, 2, 2])
    expect(two.classNames).to.deep.equal(['0', '1', '2'])
    const stored = await storeImages(set)
    const alone = await storeImages(await open([pictures[3]!]))
    expect(stored.store.get(3)).to.deep.equal(alone.store.get(0))
    stored.dispose()
    alone.dispose()
    expect((await refused(`webdataset:${folder('none-*.tar')}`)).message).to.match(/nothing matches/)
  })

  it('wants every shard that braces name, whatever * finds', async () => {
    write(folder('some/0.jpg'), pictures[0]!)
    for (const n of [0, 1, 5]) tar(`some-${n}.tar`, 'some')
    const { code, message } = await refused(`webdataset:${folder('some-{0..9}.tar')}`)
    expect(code).to.equal('ERR_SIMCLR_DATA')
    const names = [2, 3, 4, 6, 7].map((n) => folder(`some-${n}.tar`)).join(', ')
    expect(message).to.contain(`but 7 of them are missing: ${names}, …. Copy`)
    const one = await refused(`webdataset:${folder('some-{0,1,2}.tar')}`)
    expect(one.message).to.contain(`but 1 of them is missing: ${folder('some-2.tar')}. Copy`)
    expect((await open(`webdataset:${folder('some-{0,1,5}.tar')}`)).count).to.equal(3)
    expect((await open(`webdataset:${folder('some-{0,7}*.tar')}`)).count).to.equal(1)
    expect((await open(`webdataset:${folder('some-[0-4].tar')}`)).count).to.equal(2)
  })

  it('is not taken for an image where its first name begins as one does', async () => {
    write(folder('cars/BMW-1.jpg'), pictures[0]!)
    write(folder('cars/BMW-2.jpg'), pictures[1]!)
    const archive = folder('cars.tar')
    execFileSync('tar', ['-cf', archive, '-C', folder('cars'), 'BMW-1.jpg', 'BMW-2.jpg'])
    const set = await open(archive)
    expect([set.nameOf(0), set.nameOf(1)]).to.deep.equal(['BMW-1.jpg', 'BMW-2.jpg'])
    expect(readFileSync(archive, 'latin1')).to.match(/^BM/)
  })

  it('reads more shards than a process may have files open', () => {
    write(folder('many/0.jpg'), pictures[0]!)
    const shard = tar('many-0.tar', 'many')
    for (let i = 1; i < 400; i += 1) copyFileSync(shard, folder(`many-${i}.tar`))
    const program = `
      import { open } from './lib/data/open.ts'
      console.log((await open('webdataset:${folder('many-*.tar')}')).count)`
    const args = ['--import', 'tsx', '--input-type=module', '--eval', program]
    const told = execFileSync('sh', ['-c', 'ulimit -n 200; exec "$0" "$@"', process.execPath, ...args])
    expect(String(told).trim()).to.equal('400')
  })

  it('names an archive that is damaged', async () => {
    const whole = tar('whole.tar', 'in')
    const bytes = readFileSync(whole)
    write(folder('cut.tar'), bytes.subarray(0, 2000))
    expect(await refused(`tar:${folder('cut.tar')}`)).to.include({ code: 'ERR_SIMCLR_CORRUPT_FILE' })
    write(folder('noise.tar'), ramp(4096, 13))
    expect((await refused(`tar:${folder('noise.tar')}`)).message).to.match(/noise\.tar is damaged/)
    write(folder('cut.tar.gz'), gzipSync(bytes).subarray(0, 300))
    expect((await refused(folder('cut.tar.gz'))).message).to.match(/cut\.tar\.gz is damaged/)
  })

  it('reads the CIFAR archive of ../shared: 5,000 images of ten classes', async function () {
    const set = await open(needShared(this, 'data/cifar10-test.tar'), { limitPerClass: 20 })
    expect(set.describe().classes).to.have.length(10)
    const stored = await storeImages(set)
    expect(stored.count).to.equal(200)
    expect(stored.store.bytes).to.equal(200 * 3072)
    stored.dispose()
  })
})
