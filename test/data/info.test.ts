import { expect } from 'chai'
import { formatReport, inspect } from '../../lib/data/inspect.ts'
import { open } from '../../lib/data/open.ts'
import { storeImages } from '../../lib/data/store.ts'
import { simclr } from '../support/cli.ts'
import { temporaryFolder } from '../support/folder.ts'
import { file, greyPicture, write } from './pictures.ts'

describe('looking at a set', () => {
  const folder = temporaryFolder()

  before(async () => {
    write(folder('set/cat/a.jpg'), await file('jpeg', 40, 30))
    write(folder('set/cat/b.png'), await file('png', 600, 900))
    write(folder('set/dog/c.png'), await greyPicture(100, 64).png().toBuffer())
    write(folder('set/dog/d.jpg'), (await file('jpeg', 200, 150)).subarray(0, 1500))
    write(folder('set/dog/notes.txt'), 'hello')
  })

  it('counts sizes, channels, classes, what is skipped, and the memory that decoding takes', async () => {
    const set = await open(folder('set'), { shorterSide: null, maxSkipped: 1 })
    const report = await inspect(set, { shorterSide: 300 })
    expect(report).to.deep.include({
      count: 4,
      usable: 3,
      grey: 1,
      colour: 2,
      smallest: [40, 30],
      largest: [600, 900],
    })
    expect(report.sizes).to.deep.equal([
      { from: 0, below: 32, count: 1 },
      { from: 64, below: 128, count: 1 },
      { from: 512, below: 1024, count: 1 },
    ])
    expect(report.classes).to.deep.equal([
      { name: 'cat', count: 2 },
      { name: 'dog', count: 2 },
    ])
    expect(report.skipped).to.deep.equal([
      { reason: 'truncated', count: 1, names: ['dog/d.jpg'] },
      { reason: 'not an image', count: 1, names: ['dog/notes.txt'] },
    ])
    const stored = await storeImages(await open(folder('set'), { shorterSide: 300, maxSkipped: 1 }))
    expect(report.bytes).to.equal(stored.store.bytes)
    stored.dispose()
  })

  it('says why there are no classes', async () => {
    write(folder('alone/cat/1.jpg'), await file('jpeg'))
    const report = await inspect(await open(folder('alone'), { shorterSide: null }))
    expect(formatReport(report, String)).to.match(
      /classes +none \(unlabelled: all its images lie in one folder, cat\)/,
    )
  })

  it('`simclr data info` prints it for people and as JSON', async () => {
    const text = await simclr(['data', 'info', folder('set')])
    expect(text.code).to.equal(0)
    expect(text.stdout).to.match(/images +3 of 4 usable/)
    expect(text.stdout).to.match(/sizes +40x30 to 600x900 pixels/)
    expect(text.stdout).to.match(/classes +2: cat 2, dog 2/)
    expect(text.stdout).to.match(/skipped +1 truncated \(dog\/d\.jpg\), 1 not an image \(dog\/notes\.txt\)/)
    const json = await simclr(['data', 'info', folder('set'), '--json'])
    expect(json.stdout.trim().split('\n')).to.have.length(1)
    expect(JSON.parse(json.stdout)).to.include({ type: 'data', count: 4, usable: 3 })
  })

  it('`simclr data info` fails with exit 1 for data that are not there, 2 for a wrong option', async () => {
    expect(await simclr(['data', 'info', folder('none')])).to.include({ code: 1 })
    expect((await simclr(['data', 'info', '--limit', '0'])).code).to.equal(2)
    expect((await simclr(['data', 'info', 'cifar11:x'])).code).to.equal(2)
  })
})
