import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises'
import { expect } from 'chai'
import sharp from 'sharp'
import { simclr } from '../support/cli.ts'
import { temporaryFolder } from '../support/folder.ts'

const scenes = ['--data', 'synthetic:scenes,count=40,size=48', '--preset', 'paper', '--image-size', '48']

describe('simclr augment', function () {
  this.timeout(60_000)
  const path = temporaryFolder()

  const draw = async (name: string, ...flags: string[]) => {
    const out = path(name)
    const result = await simclr(['augment', ...scenes, '--out', out, ...flags])
    expect(result.code, result.stderr).to.equal(0)
    return { ...result, file: await readFile(out) }
  }

  it('draws a row an image: the image, then its views', async () => {
    const { file, stderr, stdout } = await draw('sheet.png', '--count', '3', '--views', '4')
    // 48 px views are shown twice as large; cells of 96 px lie 6 px apart.
    const { width, height, format } = await sharp(file).metadata()
    expect({ width, height, format }).to.deep.equal({
      width: 5 * 102 + 6,
      height: 3 * 102 + 6,
      format: 'png',
    })
    expect(stderr).to.contain('3 images x 4 views of 48 px, preset paper')
    expect(stdout).to.equal('')
    const { channels } = await sharp(file).stats()
    for (const { stdev } of channels) expect(stdev).to.be.above(10)
  })

  it('draws the same sheet for the same seed and another for another seed or epoch', async () => {
    const flags = ['--count', '2', '--views', '2']
    const { file } = await draw('a.png', ...flags)
    expect((await draw('b.png', ...flags)).file.equals(file)).to.equal(true)
    expect((await draw('c.png', ...flags, '--seed', '1')).file.equals(file)).to.equal(false)
    expect((await draw('d.png', ...flags, '--epoch', '1')).file.equals(file)).to.equal(false)
  })

  it('with --json says what was drawn for every view, and the plan', async () => {
    const { stdout } = await draw('j.png', '--count', '2', '--views', '3', '--augment-blur', '1', '--json')
    const lines = stdout
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as Record<string, unknown>)
    expect(lines.map(({ type }) => type)).to.deep.equal([...new Array(6).fill('view'), 'result'])
    for (const line of lines.slice(0, 6)) {
      expect(line).to.include.keys('image', 'view', 'crop', 'flip', 'jitter', 'gray', 'blur')
      expect(line.blur).to.have.property('sigma').that.is.within(0.1, 2)
    }
    expect(lines[6]).to.include({ out: path('j.png'), images: 2, views: 3 })
    expect(lines[6]!.plan).to.have.property('size', 48)
  })

  it('decodes as training does where the preset decides the size: crops are those of the run', async () => {
    await mkdir(path('large'))
    for (const name of ['a.png', 'b.png']) {
      await sharp({ create: { width: 300, height: 300, channels: 3, background: 'red' } })
        .png()
        .toFile(path('large', name))
    }
    const args = [
      'augment',
      '--data',
      path('large'),
      '--preset',
      'cifar',
      '--out',
      path('large.png'),
      '--json',
    ]
    const { code, stdout, stderr } = await simclr([...args, '--views', '4'])
    expect(code, stderr).to.equal(0)
    const lines = stdout.trimEnd().split('\n')
    const drawn = lines.map((line) => JSON.parse(line) as { crop?: { width: number; height: number } })
    const sides = drawn.flatMap(({ crop }) => (crop ? [crop.width, crop.height] : []))
    expect(sides).to.have.length(16)
    expect(Math.max(...sides)).to.be.at.most(64) // twice the views' 32 px
  })

  it('turns and flips views where it is told to', async () => {
    const flags = [
      '--count',
      '1',
      '--views',
      '8',
      '--augment-vertical-flip',
      '1',
      '--augment-quarter-turn',
      '1',
    ]
    const views = async (name: string, ...more: string[]) => {
      const { stdout, file } = await draw(name, ...flags, '--json', ...more)
      const lines = stdout.trimEnd().split('\n').slice(0, 8)
      return {
        file,
        drawn: lines.map((line) => JSON.parse(line) as { verticalFlip: boolean; turns: number }),
      }
    }
    const any = await views('t.png')
    expect(any.drawn.every(({ verticalFlip }) => verticalFlip)).to.equal(true)
    expect([...new Set(any.drawn.map(({ turns }) => turns))].sort()).to.deep.equal([1, 2, 3])
    const left = await views('l.png', '--augment-quarter-turn-mode', 'left')
    expect(left.drawn.map(({ turns }) => turns)).to.deep.equal(new Array(8).fill(1))
    expect(left.file.equals(any.file)).to.equal(false)
  })

  it('makes the folder of the sheet, and takes --max-skipped', async () => {
    await mkdir(path('photos'))
    const { data, info } = await sharp({ create: { width: 20, height: 20, channels: 3, background: 'red' } })
      .jpeg()
      .toBuffer({ resolveWithObject: true })
    expect(info.format).to.equal('jpeg')
    await writeFile(path('photos/a.jpg'), data)
    await writeFile(path('photos/b.jpg'), 'no image')
    const args = [
      'augment',
      '--data',
      path('photos'),
      '--image-size',
      '16',
      '--out',
      path('new/deep/sheet.png'),
    ]
    const strict = await simclr(args)
    expect([strict.code, strict.stderr.includes('--max-skipped')]).to.deep.equal([1, true])
    const { code, stderr } = await simclr([...args, '--max-skipped', '0.5'])
    expect(code, stderr).to.equal(0)
    expect(await readdir(path('new/deep'))).to.deep.equal(['sheet.png'])
  })

  it('says before the work that it cannot write the sheet', async () => {
    await mkdir(path('taken.png'))
    const { code, stderr } = await simclr(['augment', '--data', path('nowhere'), '--out', path('taken.png')])
    expect(code).to.equal(1)
    expect(stderr)
      .to.contain(`${path('taken.png')} but it is a folder`)
      .and.contain('ERR_SIMCLR_IO')
  })

  it('wants a path ending in .png', async () => {
    const { code, stderr } = await simclr(['augment', '--out', path('sheet.jpg')])
    expect(code).to.equal(2)
    expect(stderr).to.contain('.png').and.contain('`out`')
  })
})
