import fs from 'node:fs'
import path from 'node:path'
import { expect } from 'chai'
import { bestOf, probe } from '../../lib/addon/choose.ts'
import { loadAddonDetails } from '../../lib/addon/load.ts'
import { keyOf } from '../../lib/addon/remembered.ts'
import { withEnvironment } from '../support/environment.ts'
import { temporaryFolder } from '../support/folder.ts'
import { replaceByLibrary } from '../support/installed.ts'

describe('the choice that is remembered', () => {
  const folder = temporaryFolder()

  it('depends on the GPUs that a container was given', () => {
    fs.mkdirSync(folder('dev'))
    const key = () => keyOf([], folder('dev'))
    const none = key()
    fs.writeFileSync(folder('dev', 'nvidiactl'), '')
    expect(key(), 'no GPU').to.equal(none)
    fs.writeFileSync(folder('dev', 'nvidia0'), '')
    const one = key()
    fs.writeFileSync(folder('dev', 'nvidia1'), '')
    expect(new Set([none, one, key()])).to.have.property('size', 3)
    for (const name of ['NVIDIA_VISIBLE_DEVICES', 'CUDA_VISIBLE_DEVICES']) {
      using _env = withEnvironment({ [name]: 'none of this machine' })
      expect(keyOf([], folder('no dev')), name).to.not.equal(none)
    }
    expect(keyOf([], folder('no dev'))).to.equal(none)
  })

  it('is none where a binary was not tried to its end', function () {
    this.timeout(180_000)
    using _env = withEnvironment({ XDG_CACHE_HOME: folder('cache') })
    const { binary, libtorch } = loadAddonDetails()
    const candidate = (name: string) => {
      fs.mkdirSync(folder(name))
      for (const file of ['simclr.node', 'loader.node'])
        fs.copyFileSync(path.join(binary.folder, file), folder(name, file))
      const copy = { ...binary, from: name, folder: folder(name) }
      return { from: name, binary: copy, libtorch, rejected: null }
    }
    const [good, late] = [candidate('good'), candidate('late')]
    replaceByLibrary(folder('late', 'simclr.node'), 'for (;;) ;')
    const memory = folder('cache', 'simclr', 'binaries.json')
    const first = bestOf([good, late], (c) => probe(c, c === late ? 3000 : 120_000))
    expect(first.binary.from).to.equal('good')
    expect(first.why).to.contain('late does not load within 3 s')
    expect(fs.existsSync(memory)).to.equal(false)
    replaceByLibrary(folder('late', 'simclr.node'), 'abort();')
    expect(bestOf([good, late]).why).to.contain('late crashes (SIGABRT)')
    expect(fs.existsSync(memory)).to.equal(true)
  })
})
