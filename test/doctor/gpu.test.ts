import fs from 'node:fs'
import path from 'node:path'
import { expect } from 'chai'
import { gpu } from '../../lib/doctor/gpu.ts'
import { withEnvironment } from '../support/environment.ts'
import { temporaryFolder } from '../support/folder.ts'
import { installSimclr } from '../support/installed.ts'
import { fakeLibtorch } from '../support/libtorch.ts'

describe('what the doctor says of the GPU where nvidia-smi', () => {
  const folder = temporaryFolder()

  /** An nvidia-smi that does this, alone on the PATH. */
  const driver = (name: string, script: string) => {
    fs.mkdirSync(folder(name))
    fs.writeFileSync(folder(name, 'nvidia-smi'), `#!/bin/sh\n${script}\n`, { mode: 0o755 })
    return withEnvironment({ PATH: folder(name) })
  }
  const note = (detail: string) => [
    { name: 'GPU', state: 'note', detail: `${detail}: simclr runs on the CPU`, mend: null },
  ]

  it('lists GPUs', () => {
    using _env = driver('two', 'echo "NVIDIA A, B, 1 MiB, 600.1"; echo "NVIDIA C, 1 MiB, 600.1"')
    expect(gpu().map(({ state, detail }) => [state, detail])).to.deep.equal([
      ['ok', 'NVIDIA A, B, 1 MiB, 600.1'],
      ['ok', 'NVIDIA C, 1 MiB, 600.1'],
    ])
  })

  it('is not there, cannot be run, fails or hangs', () => {
    {
      using _env = withEnvironment({ PATH: folder('nothing') })
      expect(gpu()).to.deep.equal(note('no NVIDIA driver (nvidia-smi is not there)'))
    }
    {
      using _env = driver('folder', '')
      fs.rmSync(folder('folder', 'nvidia-smi'))
      fs.mkdirSync(folder('folder', 'nvidia-smi'))
      expect(gpu()[0]!.detail).to.match(/^nvidia-smi cannot be run \(.*EACCES\)/)
    }
    {
      using _env = driver('broken', 'echo "Driver/library version mismatch" >&2; exit 18')
      expect(gpu()).to.deep.equal(note('nvidia-smi fails: Driver/library version mismatch'))
    }
    using _env = driver('hangs', 'while :; do :; done')
    expect(gpu(300)).to.deep.equal(note('nvidia-smi does not answer within 0.3 s: the driver hangs'))
  })

  it('shows none and is content, with a binary for CUDA that could be used', function () {
    this.timeout(120_000)
    const app = installSimclr(folder('app'))
    app.addBinary('cu130', { variant: 'cu130', cuda: '13.0', torch: '2.14.1' })
    fakeLibtorch(path.join(app.folder, 'cache/simclr/libtorch/2.14.1-cu130/torch'), '2.14.1', { cuda: true })
    const tool = path.join(app.folder, 'bin', 'nvidia-smi')
    fs.writeFileSync(tool, '#!/bin/sh\necho "No devices were found"\n', { mode: 0o755 })
    const { findings, stderr } = app.doctor()
    const found = findings.filter(({ name }) => name === 'GPU' || name === 'Driver')
    expect(
      found.map(({ state, detail }) => [state, detail]),
      stderr,
    ).to.deep.equal([['note', 'nvidia-smi shows no GPU: No devices were found: simclr runs on the CPU']])
  })

  it('shows a driver that is older than a binary for CUDA, and of its major version or not', function () {
    this.timeout(120_000)
    const app = installSimclr(folder('old driver'))
    app.addBinary('cu128', { variant: 'cu128', cuda: '12.8', torch: '2.9.1' })
    fakeLibtorch(path.join(app.folder, 'cache/simclr/libtorch/2.9.1-cu128/torch'), '2.9.1+cu128', {
      cuda: true,
    })
    const tool = path.join(app.folder, 'bin', 'nvidia-smi')
    const said = (driver: string) => {
      fs.writeFileSync(tool, `#!/bin/sh\necho "NVIDIA A, 1 MiB, ${driver}"\n`, { mode: 0o755 })
      return app
        .doctor()
        .findings.filter(({ name }) => name === 'Driver')
        .map(({ detail }) => detail)
    }
    // CUDA 12.4's driver runs what is made for 12.8; CUDA 11.8's does not.
    expect(said('550.54.14')).to.deep.equal([])
    expect(said('520.61.05').join())
      .to.contain('520.61.05 is too old for CUDA 12.8')
      .and.to.contain('525.60.13')
  })
})
