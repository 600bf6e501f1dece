import { spawnSync } from 'node:child_process'
import { cpSync, readdirSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'chai'
import { packageRoot } from '../../lib/addon/binary.ts'
import { file, write } from '../data/pictures.ts'
import { temporaryFolder } from '../support/folder.ts'

describe('sharp', () => {
  const folder = temporaryFolder()

  /** The sources with sharp as `npm install --omit=optional` leaves it: its code without its binary. */
  function withoutBinary(): void {
    for (const name of ['lib', 'package.json', 'node_modules/sharp'])
      cpSync(join(packageRoot, name), folder(name), { recursive: true })
    for (const name of readdirSync(join(packageRoot, 'node_modules'))) {
      if (['sharp', '@img', '.bin'].includes(name)) continue
      symlinkSync(join(packageRoot, 'node_modules', name), folder('node_modules', name))
    }
    symlinkSync(join(packageRoot, 'build'), folder('build'))
  }

  it('that cannot be loaded is told, not taken for the fault of images', async () => {
    withoutBinary()
    for (const name of ['a', 'b']) write(folder(`set/${name}.png`), await file('png', 40, 30))
    const program = `
      import { decodeImage } from './lib/data/decode.ts'
      import { open } from './lib/data/open.ts'
      import { storeImages } from './lib/data/store.ts'
      import { versions } from './lib/machine.ts'
      const options = { shorterSide: 8, maxPixels: 1e8 }
      const raw = { data: new Uint8Array(300), width: 10, height: 10, channels: 3 }
      const calls = {
        file: () => decodeImage('set/a.png', options),
        pixels: () => decodeImage(raw, options),
        set: async () => storeImages(await open('set', { maxSkipped: 1 })),
        versions: async () => versions(),
      }
      const told = {}
      for (const [name, call] of Object.entries(calls))
        told[name] = await call().then(() => null, ({ name, code, message }) => ({ name, code, message }))
      process.stdout.write(JSON.stringify(told))`
    const args = ['--import', 'tsx', '--input-type=module', '--eval', program]
    const { stdout, stderr } = spawnSync(process.execPath, args, { cwd: folder(), encoding: 'utf8' })
    expect(stdout, stderr).to.match(/^\{/)
    const told: Record<string, { name: string; code: string; message: string }> = JSON.parse(stdout)
    expect(Object.keys(told)).to.deep.equal(['file', 'pixels', 'set', 'versions'])
    for (const [call, error] of Object.entries(told)) {
      expect(error, call).to.include({ name: 'SimclrError', code: 'ERR_SIMCLR_BINARY' })
      expect(error.message, call).to.match(
        /^Expected sharp, .* cannot be loaded: Could not load .*runtime\. Run `npm install --include=optional sharp`\.$/,
      )
    }
  })
})
