import { execFile } from 'node:child_process'
import { copyFile, mkdir, readFile, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { expect } from 'chai'
import sharp from 'sharp'
import { packageRoot } from '../../lib/addon/binary.ts'
import { loadAddon } from '../../lib/addon/load.ts'
import { temporaryFolder } from '../support/folder.ts'

describe('examples of the pages', function () {
  this.timeout(120_000)
  const folder = temporaryFolder()

  before(async () => {
    await photos(folder('photos'))
    await mkdir(folder('node_modules'))
    await symlink(packageRoot, folder('node_modules/simclr'))
    await symlink(join(packageRoot, 'node_modules/onnxruntime-web'), folder('node_modules/onnxruntime-web'))
    await writeFile(folder('package.json'), '{ "type": "module" }')
  })

  /** The same program in miniature: the real thing takes hours. */
  async function run(name: string, place: string, small: string): Promise<string> {
    const program = await readFile(join(packageRoot, 'examples', `${name}.ts`), 'utf8')
    expect(program).to.include(place)
    await writeFile(folder(`${name}.mjs`), program.replace(place, small))
    const { stdout } = await promisify(execFile)(process.execPath, [`${name}.mjs`], { cwd: folder() })
    return stdout
  }

  it('train on a folder of photos and embed them', async () => {
    const small = "epochs: 1, batchSize: 8, encoder: { width: 0.125, stem: 'imagenet' }"
    expect(await run('quickstart', 'epochs: 100', small)).to.equal('2 images, 64 numbers each, 128 in all\n')
  })

  it('save its encoder as ONNX, and run that', async () => {
    expect(await run('onnx', '32 * 32', '32 * 32')).to.equal('[ 1, 64 ]\n')
  })

  it('then fine-tune on class folders, and classify', async () => {
    for (const [i, name] of ['cat', 'dog'].entries()) {
      await mkdir(folder('labelled', name), { recursive: true })
      for (const letter of 'abcdefgh') {
        const photo = String.fromCharCode(letter.charCodeAt(0) + 8 * i)
        await copyFile(folder('photos', `${photo}.jpg`), folder('labelled', name, `${letter}.jpg`))
      }
    }
    const small = "data: './labelled', epochs: 2, batchSize: 8,"
    const said = await run('fine-tune', "data: './labelled',", small)
    expect(said).to.match(/^a\.jpg: (cat|dog), of 2 classes; first probability [01]\.\d\d\n$/)
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
