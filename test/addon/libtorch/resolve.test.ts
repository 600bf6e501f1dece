import fs from 'node:fs'
import { expect } from 'chai'
import { installCommand, libtorchCandidates, resolveLibtorch } from '../../../lib/addon/libtorch/resolve.ts'
import { withEnvironment } from '../../support/environment.ts'
import { temporaryFolder } from '../../support/folder.ts'
import { fakeLibtorch } from '../../support/libtorch.ts'

const RUN = { version: '2.13.0', variant: 'cpu', purpose: 'run' } as const
const BUILD = { ...RUN, purpose: 'build' } as const
const CUDA = { ...RUN, variant: 'cu130' } as const

describe('resolveLibtorch', () => {
  const folder = temporaryFolder()
  const cached = (name: string) => folder('cache', 'simclr', 'libtorch', name)
  let environment: Disposable

  beforeEach(() => {
    // A python3 that says where its torch is, as the real one would.
    fs.mkdirSync(folder('bin'), { recursive: true })
    fs.writeFileSync(folder('bin', 'python3'), `#!/bin/sh\necho ${folder('python', 'torch')}\n`, {
      mode: 0o755,
    })
    environment = withEnvironment({
      XDG_CACHE_HOME: folder('cache'),
      SIMCLR_LIBTORCH: undefined,
      PATH: `${folder('bin')}:/usr/bin:/bin`,
    })
  })
  afterEach(() => {
    environment[Symbol.dispose]()
    for (const name of fs.readdirSync(folder())) fs.rmSync(folder(name), { recursive: true })
  })

  it('takes the option, then SIMCLR_LIBTORCH, the build, the cache, Python', () => {
    const option = fakeLibtorch(folder('option'), '2.13.0+cpu')
    const named = fakeLibtorch(folder('named'), '2.13.0+cpu')
    const built = fakeLibtorch(folder('built'), '2.13.0+cpu')
    fakeLibtorch(`${cached('2.13.0-cpu')}/torch`, '2.13.0+cpu')
    fakeLibtorch(folder('python', 'torch'), '2.13.1+cu130', { cuda: true })
    process.env.SIMCLR_LIBTORCH = named
    const sources = [...libtorchCandidates({ ...RUN, option, built })].map((c) => c.source)
    expect(sources).to.deep.equal(['option', 'SIMCLR_LIBTORCH', 'build', 'cache', 'python'])

    expect(resolveLibtorch({ ...RUN, option, built }).path).to.equal(option)
    expect(resolveLibtorch({ ...RUN, built }).path).to.equal(named)
    delete process.env.SIMCLR_LIBTORCH
    expect(resolveLibtorch({ ...RUN, built }).path).to.equal(built)
    expect(resolveLibtorch(RUN).path).to.equal(`${cached('2.13.0-cpu')}/torch`)
    fs.rmSync(cached('2.13.0-cpu'), { recursive: true })
    expect(resolveLibtorch(RUN)).to.include({ source: 'python', path: folder('python', 'torch') })
  })

  it('never passes over what was named', () => {
    fakeLibtorch(`${cached('2.13.0-cpu')}/torch`, '2.13.0+cpu')
    const old = fakeLibtorch(folder('old'), '2.12.1+cpu')
    expect(() => resolveLibtorch({ ...RUN, option: old })).to.throw(
      /`libtorch`.*is LibTorch 2\.12\.1.*for 2\.13/,
    )
    process.env.SIMCLR_LIBTORCH = folder('nowhere')
    expect(() => resolveLibtorch(RUN)).to.throw(/SIMCLR_LIBTORCH.*nowhere holds no lib\/libtorch\.so/)
    process.env.SIMCLR_LIBTORCH = folder('bin', 'python3')
    expect(() => resolveLibtorch(RUN)).to.throw(/SIMCLR_LIBTORCH.*python3 holds no lib\/libtorch\.so/)
  })

  it('takes the exact version from the cache, else the newest of its minor, never another minor', () => {
    for (const version of ['2.13.2', '2.13.10', '2.12.0', '2.14.0', '2.1.0']) {
      fakeLibtorch(`${cached(`${version}-cpu`)}/torch`, `${version}+cpu`)
    }
    expect(resolveLibtorch(RUN).found.version).to.equal('2.13.10')
    fakeLibtorch(`${cached('2.13.0-cpu')}/torch`, '2.13.0+cpu')
    expect(resolveLibtorch(RUN).found.version).to.equal('2.13.0')
  })

  it('builds only where there are headers', () => {
    fakeLibtorch(folder('python', 'torch'), '2.13.0', { headers: false })
    expect(resolveLibtorch(RUN).source).to.equal('python')
    expect(() => resolveLibtorch(BUILD)).to.throw(/no headers/)
  })

  it('runs a CPU binary on a CUDA build, not the other way round', () => {
    fakeLibtorch(folder('python', 'torch'), '2.13.0+cu130', { cuda: true })
    expect(resolveLibtorch(RUN).found.cuda).to.equal('13.0')
    expect(resolveLibtorch(CUDA).source).to.equal('python')
    fs.rmSync(folder('python', 'torch', 'lib', 'libtorch_cuda.so'))
    expect(() => resolveLibtorch(CUDA)).to.throw(/is a CPU build/)
  })

  it('takes no build for another major version of CUDA, and names both', () => {
    const root = fakeLibtorch(folder('python', 'torch'), '2.13.0+cu126', { cuda: true })
    expect(() => resolveLibtorch(CUDA)).to.throw(/is a build for CUDA 12\.6.* is made for CUDA 13\.0/)
    expect(resolveLibtorch({ ...CUDA, variant: 'cu128' }).path).to.equal(root)
    expect(resolveLibtorch(RUN).path, 'of which a CPU binary uses nothing').to.equal(root)
    fs.rmSync(folder('python', 'torch', 'version.py'))
    fs.writeFileSync(folder('python', 'torch', 'build-version'), '2.13.0+cu126\n')
    expect(() => resolveLibtorch(CUDA)).to.throw(/is a build for CUDA 12\.6/)
  })

  it('reads the version from an archive and from headers too', () => {
    const archive = fakeLibtorch(folder('archive'), null)
    fs.writeFileSync(folder('archive', 'build-version'), '2.13.0+cu126\n')
    expect(resolveLibtorch({ ...RUN, option: archive }).found.version).to.equal('2.13.0')
    fs.rmSync(folder('archive', 'build-version'))
    fs.mkdirSync(folder('archive', 'include', 'torch', 'headeronly'), { recursive: true })
    const parts = { MAJOR: 2, MINOR: 14, PATCH: 1 }
    const header = Object.entries(parts).map(([name, n]) => `#define TORCH_VERSION_${name} ${n}\n`)
    fs.writeFileSync(folder('archive', 'include', 'torch', 'headeronly', 'version.h'), header.join(''))
    expect(() => resolveLibtorch({ ...RUN, option: archive })).to.throw(/is LibTorch 2\.14\.1/)
  })

  it('names the version in that command where the variant’s default is another minor', () => {
    expect(installCommand('cu130', '2.11.0')).to.equal('npx simclr libtorch install cu130 --torch 2.11.0')
    expect(installCommand('cu130', '2.14.1')).to.equal('npx simclr libtorch install cu130')
    expect(installCommand('cpu', '2.13.4')).to.equal('npx simclr libtorch install cpu')
    const old = { ...CUDA, version: '2.11.0' }
    fakeLibtorch(`${cached('2.14.1-cu130')}/torch`, '2.14.1+cu130', { cuda: true })
    expect(() => resolveLibtorch(old)).to.throw(/Install it with: .* cu130 --torch 2\.11\.0$/)
  })

  it('says what it looked at and the one command that mends it where there is none', () => {
    fakeLibtorch(folder('python', 'torch'), '2.14.1+cu130', { cuda: true })
    const missing = () => resolveLibtorch(RUN)
    expect(missing).to.throw(/python: .* is LibTorch 2\.14\.1.*made for 2\.13/)
    expect(missing).to.throw(/Install it with: npx simclr libtorch install cpu$/)
    expect(missing).to.throw().with.property('code', 'ERR_SIMCLR_LIBTORCH')
  })
})
