import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { expect } from 'chai'
import sharp from 'sharp'
import { train } from '../../lib/train.ts'
import { simclr } from '../support/cli.ts'
import { temporaryFolder } from '../support/folder.ts'
import { tiny } from '../support/tiny.ts'

describe('names with line breaks and tabs', function () {
  this.timeout(60_000)
  const path = temporaryFolder()
  const names = ['"quoted".png', 'a b.png', 'new\nline.png', 'ta\tb.png', 'ümlaut "mid".png']
  /** A line with a quote in front is a JSON string, any other is the name itself. */
  const nameOf = (field: string) => (field.startsWith('"') ? (JSON.parse(field) as string) : field)

  before(async () => {
    const pixels = { create: { width: 16, height: 16, channels: 3, background: '#258' } } as const
    const png = await sharp(pixels).png().toBuffer()
    for (const name of ['tab\tclass', 'other']) {
      mkdirSync(path('classes', name), { recursive: true })
      for (let i = 0; i < 8; i++) writeFileSync(path('classes', name, `${i}.png`), png)
    }
    mkdirSync(path('set'))
    for (const name of names) writeFileSync(path('set', name), png)
    const { encoder } = await train({
      ...tiny,
      data: path('classes'),
      objective: 'supervised',
      epochs: 1,
      out: path('run'),
    })
    encoder.dispose()
  })

  it('are one line each of what simclr embed writes', async () => {
    const args = ['--encoder', path('run'), '--data', path('set'), '--out', path('set.npy')]
    const { code, stderr } = await simclr(['embed', ...args])
    expect(code, stderr).to.equal(0)
    const lines = readFileSync(path('set.files.txt'), 'utf8').trimEnd().split('\n')
    expect(lines.map(nameOf)).to.deep.equal(names)
    expect(lines).to.include('a b.png').and.include('ümlaut "mid".png')
  })

  it('are one field each of what simclr classify prints', async () => {
    const { code, stdout, stderr } = await simclr([
      'classify',
      ...['--encoder', path('run'), '--data', path('set')],
    ])
    expect(code, stderr).to.equal(0)
    const rows = stdout
      .trimEnd()
      .split('\n')
      .map((line) => line.split('\t'))
    expect(rows.map(([name]) => nameOf(name!))).to.deep.equal(names)
    for (const row of rows) {
      expect(row).to.have.length(3)
      expect(nameOf(row[1]!)).to.be.oneOf(['tab\tclass', 'other'])
    }
  })
})
