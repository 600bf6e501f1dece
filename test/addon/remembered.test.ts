import fs from 'node:fs'
import path from 'node:path'
import { expect } from 'chai'
import type { Binary } from '../../lib/addon/binary.ts'
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
    const two = key()
    fs.writeFileSync(folder('dev', 'dxg'), '')
    expect(new Set([none, one, two, key()]), 'WSL too').to.have.property('size', 4)
    for (const name of ['NVIDIA_VISIBLE_DEVICES', 'CUDA_VISIBLE_DEVICES']) {
      using _env = withEnvironment({ [name]: 'none of this machine' })
      expect(keyOf([], folder('no dev')), name).to.not.equal(none)
    }
    expect(keyOf([], folder('no dev'))).to.equal(none)
  })

  it('depends on the driver’s library', () => {
    fs.mkdirSync(folder('driver'))
    using _env = withEnvironment({ LD_LIBRARY_PATH: folder('driver') })
    const key = () => keyOf([], folder('no dev'))
    const none = key()
    fs.writeFileSync(folder('driver', 'libcuda.so.1'), 'old')
    const old = key()
    fs.writeFileSync(folder('driver', 'libcuda.so.1'), 'newer')
    expect(new Set([none, old, key()])).to.have.property('size', 3)
  })

  const candidate = (name: string, record: Partial<Binary> = {}) => {
    const { binary, libtorch } = loadAddonDetails()
    fs.mkdirSync(folder(name))
    for (const file of ['simclr.node', 'loader.node'])
      fs.copyFileSync(path.join(binary.folder, file), folder(name, file))
    const copy = { ...binary, ...record, from: name, folder: folder(name) }
    return { from: name, binary: copy, libtorch, rejected: null, mend: null }
  }

  it('is none where a binary was not tried to its end', function () {
    this.timeout(180_000)
    using _env = withEnvironment({ XDG_CACHE_HOME: folder('cache') })
    const [good, late] = [candidate('good'), candidate('late')]
    replaceByLibrary(folder('late', 'simclr.node'), 'for (;;) ;')
    const memory = folder('cache', 'simclr', 'binaries.json')
    const first = bestOf([good, late], (c) => probe(c, c === late ? 3000 : 120_000))
    expect(first.binary.from).to.equal('good')
    expect(first.why).to.contain('late does not load within 3 s')
    expect(fs.existsSync(memory)).to.equal(false)
    replaceByLibrary(folder('late', 'simclr.node'), 'abort();')
    // As the kernel does where memory runs out.
    replaceByLibrary(folder('late', 'simclr.node'), 'kill(getpid(), SIGKILL);')
    expect(bestOf([good, late]).why).to.contain('late is killed (SIGKILL: out of memory?)')
    expect(fs.existsSync(memory)).to.equal(false)
    replaceByLibrary(folder('late', 'simclr.node'), 'abort();')
    expect(bestOf([good, late]).why).to.contain('late crashes (SIGABRT)')
    expect(fs.existsSync(memory)).to.equal(true)
  })

  it('is none where a GPU is there and does not answer', function () {
    this.timeout(180_000)
    using _env = withEnvironment({ XDG_CACHE_HOME: folder('other cache'), CUDA_VISIBLE_DEVICES: undefined })
    // A binary for the CPU that passes for one for CUDA: it sees no GPU, as one whose driver is being reset.
    const both = [candidate('blind', { variant: 'cu130' }), candidate('cpu')]
    const memory = folder('other cache', 'simclr', 'binaries.json')
    const first = bestOf(both, probe, folder('dev'))
    expect(first.binary.from).to.equal('cpu')
    expect(first.gpuProblem).to.equal(probe(both[0]!).gpuProblem)
    expect(fs.existsSync(memory)).to.equal(false)
    {
      using _hidden = withEnvironment({ CUDA_VISIBLE_DEVICES: '' })
      bestOf(both, probe, folder('dev'))
      expect(fs.existsSync(memory), 'hidden on purpose').to.equal(true)
    }
    fs.rmSync(memory)
    const none = bestOf(both, probe, folder('no dev'))
    const again = bestOf(both, probe, folder('no dev'))
    expect(again.why).to.contain('found out on')
    expect(again.gpuProblem).to.equal(none.gpuProblem)
  })
})
