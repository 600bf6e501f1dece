import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdirSync, rmSync } from 'node:fs'
import { expect } from 'chai'
import sharp from 'sharp'
import { simclr, simclrMain } from '../support/cli.ts'
import { temporaryFolder } from '../support/folder.ts'
import { tinyFlags } from '../support/tiny.ts'

describe('simclr train --test', function () {
  this.timeout(120_000)
  const path = temporaryFolder()
  const flags = tinyFlags.slice(2) // all but --data
  const scenes = 'synthetic:scenes,count=96,size=16'

  before(async () => {
    const image = (level: number) =>
      sharp({ create: { width: 16, height: 16, channels: 3, background: { r: level, g: level, b: level } } })
    for (const [i, name] of ['pets/cat', 'pets/dog', 'others/cat', 'others/owl', 'plain'].entries()) {
      mkdirSync(path(name), { recursive: true })
      for (const j of [0, 1, 2, 3])
        await image(40 * i + 10 * j)
          .png()
          .toFile(path(name, `${j}.png`))
    }
  })

  for (const [what, data, test, said] of [
    ['is not there', scenes, 'nowhere', 'there is no such file or folder'],
    ['has no labels', scenes, 'plain', 'plain has no labels'],
    ['has a class that is not trained on', 'pets', 'others', 'owl'],
    ['has nothing to learn from', 'plain', 'pets', 'leave `--test` out and compare afterwards'],
  ] as const) {
    it(`refuses before the run a set that ${what}`, async () => {
      const named = (name: string) => (name === scenes ? name : path(name))
      const out = path(`refused-${test}`)
      const args = ['train', ...flags, '--data', named(data), '--test', named(test), '--out', out]
      const { code, stderr } = await simclr(args)
      expect(stderr).to.contain(said).and.contain('ERR_SIMCLR_DATA')
      expect(code).to.equal(1)
      expect(existsSync(out)).to.equal(false)
    })
  }

  it('tells the result also where the comparison fails afterwards, and then why', async () => {
    const args = ['train', ...flags, '--data', path('pets'), '--batch-size', '4', '--epochs', '2', '--json']
    const more = ['--test', path('pets-test'), '--out', path('late')]
    for (const name of ['cat', 'dog']) {
      mkdirSync(path('pets-test', name), { recursive: true })
      await sharp(path('pets', name, '0.png')).toFile(path('pets-test', name, '0.png'))
    }
    const child = spawn(process.execPath, [simclrMain, ...args, ...more], {
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    let told = ''
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      told += text
      if (told.includes('"type":"start"')) rmSync(path('pets-test'), { recursive: true, force: true })
    })
    let said = ''
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      said += text
    })
    expect(await once(child, 'close'), said).to.deep.equal([1, null])
    const [result, error] = told
      .trimEnd()
      .split('\n')
      .slice(-2)
      .map((line) => JSON.parse(line) as Record<string, unknown>)
    expect(result).to.include({ type: 'result', folder: path('late') })
    expect(error).to.include({ type: 'error', code: 'ERR_SIMCLR_DATA' })
    expect(said).to.contain(`Run folder: ${path('late')}`)
  })
})
