import { execFile } from 'node:child_process'
import { mkdir, readFile, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { expect } from 'chai'
import sharp from 'sharp'
import { packageRoot } from '../../lib/addon/binary.ts'
import { loadAddon } from '../../lib/addon/load.ts'
import { temporaryFolder } from '../support/folder.ts'

describe("README's example", () => {
  const folder = temporaryFolder()

  it('is examples/quickstart.ts, to the letter', async () => {
    const readme = await readFile(join(packageRoot, 'README.md'), 'utf8')
    const shown = /<!-- examples\/quickstart\.ts -->\n```ts\n([\s\S]*?)```\n/.exec(readme)?.[1]
    expect(shown).to.equal(await readFile(join(packageRoot, 'examples/quickstart.ts'), 'utf8'))
  })

  it('trains on a folder of photos and embeds them', async function () {
    this.timeout(60_000)
    await photos(folder('photos'))
    await mkdir(folder('node_modules'))
    await symlink(packageRoot, folder('node_modules/simclr'))
    await writeFile(folder('package.json'), '{ "type": "module" }')
    // The same program in miniature: 100 epochs of the real thing take hours.
    const program = await readFile(join(packageRoot, 'examples/quickstart.ts'), 'utf8')
    const small = program.replace(
      'epochs: 100',
      "epochs: 1, batchSize: 8, encoder: { width: 0.125, stem: 'imagenet' }",
    )
    expect(small).to.not.equal(program)
    await writeFile(folder('quickstart.mjs'), small)
    const { stdout } = await promisify(execFile)(process.execPath, ['quickstart.mjs'], { cwd: folder() })
    expect(stdout).to.equal('2 images, 64 numbers each, 128 in all\n')
  })
})

/** Sixteen JPEGs, a.jpg to p.jpg. */
async function photos(folder: string): Promise<void> {
  await mkdir(folder)
  const store = new (loadAddon().ImageStore)(16)
  await store.fillScenes({ seed: 1, first: 0, count: 16, size: 40 })
  for (let i = 0; i < 16; i++) {
    const { data, width, height, channels } = store.get(i)
    await sharp(data, { raw: { width, height, channels } })
      .jpeg()
      .toFile(join(folder, `${String.fromCharCode(97 + i)}.jpg`))
  }
  store.dispose()
}
