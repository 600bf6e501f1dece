import { spawnSync } from 'node:child_process'
import fs from 'node:fs'
import { Worker } from 'node:worker_threads'
import { expect } from 'chai'
import { SimclrError } from '../../lib/addon/errors.ts'
import { loadAddon, loadAddonDetails } from '../../lib/addon/load.ts'
import { simclr } from '../support/cli.ts'
import { temporaryFolder } from '../support/folder.ts'
import { fakeLibtorch } from '../support/libtorch.ts'

describe('loadAddon', () => {
  const folder = temporaryFolder()

  it('loads the addon once, on the LibTorch minor that it was built for', () => {
    const { addon, binary } = loadAddonDetails()
    expect(addon.buildInfo().torch).to.equal(binary.torch)
    expect(loadAddon()).to.equal(addon)
  })

  it('makes native errors SimclrErrors with their codes', () => {
    const { ImageStore } = loadAddon()
    const store = new ImageStore(1)
    expect(() => store.get(5))
      .to.throw(SimclrError)
      .with.property('code', 'ERR_SIMCLR_INVALID_ARGUMENT')
  })

  it('loads in a worker, and the worker ends', async () => {
    const load = new URL('../../dist/addon/load.js', import.meta.url).href // as apps have it, compiled
    const code = `
      import { parentPort } from 'node:worker_threads'
      import { loadAddon } from ${JSON.stringify(load)}
      parentPort.postMessage(loadAddon().buildInfo().torch)`
    const worker = new Worker(new URL(`data:text/javascript,${encodeURIComponent(code)}`))
    const [torch, exit] = await Promise.all([
      new Promise((resolve) => worker.once('message', resolve)),
      new Promise((resolve) => worker.once('exit', resolve)),
    ])
    expect({ torch, exit }).to.deep.equal({ torch: loadAddon().buildInfo().torch, exit: 0 })
  })

  /** The problem that `simclr doctor` finds with SIMCLR_LIBTORCH set: it loads the addon in a child. */
  async function problemWith(libtorch: string): Promise<{ name: string; detail: string }> {
    const { stdout } = await simclr(['doctor', '--json'], { SIMCLR_LIBTORCH: libtorch })
    const lines = stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line))
    return lines.find((line) => line.state === 'problem')
  }

  it('refuses a LibTorch whose files tell another minor, without opening it', async () => {
    const { name, detail } = await problemWith(fakeLibtorch(folder('files'), '2.99.0+cpu'))
    expect(name).to.equal('LibTorch (SIMCLR_LIBTORCH)')
    expect(detail)
      .to.contain('LibTorch 2.99.0')
      .and.to.contain(loadAddonDetails().binary.torch.replace(/\.\d+$/, ''))
  })

  it('refuses one that tells it only when opened, naming both versions, and does not crash', async () => {
    const root = fakeLibtorch(folder('opened'), null)
    fs.writeFileSync(
      folder('abi.c'),
      'unsigned long aoti_torch_abi_version(void) { return 0x0263000000000000; }',
    )
    const library = folder('opened', 'lib', 'libtorch.so')
    expect(spawnSync('cc', ['-shared', '-fPIC', '-o', library, folder('abi.c')]).status).to.equal(0)
    const { name, detail } = await problemWith(root)
    expect(name).to.equal('Addon')
    expect(detail)
      .to.contain(`built for LibTorch ${loadAddonDetails().binary.torch}`)
      .and.to.contain('is LibTorch 2.99')
  })

  it('says which library cannot be opened', async () => {
    const { name, detail } = await problemWith(fakeLibtorch(folder('broken'), '2.13.0+cpu'))
    expect(name).to.equal('Addon')
    expect(detail).to.match(/libtorch\.so cannot be opened: .*too short/)
  })
})
