import { execFileSync } from 'node:child_process'
import fs from 'node:fs'
import path from 'node:path'
import { expect } from 'chai'
import { SimclrError } from '../../../lib/addon/errors.ts'
import { inspectLibtorch } from '../../../lib/addon/libtorch/inspect.ts'
import { installLibtorch } from '../../../lib/addon/libtorch/install.ts'
import { DEFAULT_RELEASE, type LibtorchRelease } from '../../../lib/addon/libtorch/versions.ts'
import { simclr } from '../../support/cli.ts'
import { withEnvironment } from '../../support/environment.ts'
import { temporaryFolder } from '../../support/folder.ts'
import { mountTmpfs } from '../../support/mount.ts'
import { rejection } from '../../support/rejection.ts'
import { serveFile } from '../../support/server.ts'
import { CPU_WHEEL, CUDA_WHEEL, sha256Of, zip } from '../../support/wheel.ts'

describe('installLibtorch', () => {
  const folder = temporaryFolder()
  let wheel: Buffer
  let release: LibtorchRelease

  before(async () => {
    wheel = await zip(CPU_WHEEL)
    release = { ...DEFAULT_RELEASE, hashes: [{ sha256: sha256Of(wheel), provenance: 'this test' }] }
  })

  /** A cache of its own for each test; its path. */
  const cache = (name: string) => ({
    ...withEnvironment({ XDG_CACHE_HOME: folder(name) }),
    path: folder(name, 'simclr', 'libtorch'),
  })

  it('installs a wheel of known hash: libraries, headers and licence, nothing for Python', async () => {
    using there = cache('known')
    await using server = await serveFile(wheel)
    const { root, already } = await installLibtorch(release, { sources: [server.redirect] })
    expect(already).to.equal(false)
    expect(root).to.equal(path.join(there.path, '2.13.0-cpu', 'torch'))
    const version = { root, version: '2.13.0', cuda: null, headers: true }
    expect(inspectLibtorch(path.dirname(root))).to.deep.equal(version)
    const files = fs.readdirSync(path.dirname(root), { recursive: true, withFileTypes: true })
    expect(files.filter((f) => f.isFile()).map((f) => f.name)).to.have.members([
      ...[
        'libtorch.so',
        'libtorch_cpu.so',
        'ATen.h',
        'TorchConfig.cmake',
        'version.py',
        'LICENSE',
        'libtorch.json',
      ],
    ])
    expect(fs.readFileSync(path.join(root, 'lib/libtorch_cpu.so'), 'utf8')).to.equal(
      CPU_WHEEL['torch/lib/libtorch_cpu.so'],
    )
    const record = JSON.parse(fs.readFileSync(path.join(root, '../libtorch.json'), 'utf8'))
    expect(record.files[0]).to.include({ sha256: sha256Of(wheel), source: server.redirect, verified: true })
    expect(await installLibtorch(release, { sources: ['http://127.0.0.1:9/'] })).to.include({
      root,
      already: true,
    })
  })

  it('installs anew what of an installation is missing', async () => {
    using _there = cache('half')
    await using server = await serveFile(wheel)
    const sources = [server.url]
    const { root } = await installLibtorch(release, { sources })
    for (const name of ['lib/libtorch_cpu.so', 'lib/libtorch.so', 'include/ATen/ATen.h']) {
      fs.rmSync(path.join(root, name))
      expect(await installLibtorch(release, { sources }), name).to.include({ root, already: false })
      expect(fs.existsSync(path.join(root, name)), name).to.equal(true)
      expect(await installLibtorch(release, { sources }), name).to.include({ root, already: true })
    }
    const headers = await installLibtorch(release, { sources, part: 'headers' })
    expect(inspectLibtorch(headers.root), 'without libraries').to.equal(null)
    expect(await installLibtorch(release, { sources, part: 'headers' })).to.include({ already: true })
  })

  it('puts what was there aside in one piece before it removes it', async function () {
    using _there = cache('forced')
    fs.writeFileSync(folder('forced.whl'), wheel)
    const from = folder('forced.whl')
    const { root } = await installLibtorch(release, { from })
    fs.writeFileSync(path.join(root, 'include', 'older'), '')
    // What cannot be removed: removing ends before it is done, as where a process is killed meanwhile.
    const stuck = path.join(root, 'lib', 'stuck')
    if (!mountTmpfs(stuck, 'size=64k')) return this.skip()
    const old = path.join(`${path.dirname(root)}.old`, path.relative(path.dirname(root), stuck))
    try {
      const messages: string[] = []
      await installLibtorch(release, { from, force: true, onMessage: (text) => messages.push(text) })
      expect(messages.join('\n')).to.match(/still in .*2\.13\.0-cpu\.old: EBUSY/)
      expect(fs.readdirSync(path.join(root, 'include'))).to.deep.equal(['ATen'])
      expect(inspectLibtorch(root)).to.include({ version: '2.13.0', headers: true })
    } finally {
      execFileSync('umount', [fs.existsSync(old) ? old : stuck])
    }
    await installLibtorch(release, { from, force: true })
    expect(fs.existsSync(`${path.dirname(root)}.old`)).to.equal(false)
  })

  it('installs an archive, whose files are under libtorch/', async () => {
    using _there = cache('archive')
    const file = folder('archive.zip')
    fs.writeFileSync(
      file,
      await zip({
        'libtorch/lib/libtorch.so': 'shell',
        'libtorch/lib/libtorch_cpu.so': 'kernels',
        'libtorch/include/ATen/ATen.h': '// header',
        'libtorch/build-version': '2.13.0+cpu\n',
      }),
    )
    const { root } = await installLibtorch(release, { from: file })
    expect(inspectLibtorch(root)).to.include({ version: '2.13.0', headers: true })
    expect(fs.existsSync(file)).to.equal(true)
  })

  it('goes on with a download that broke off in an earlier call', async () => {
    using _there = cache('resumed')
    await using server = await serveFile(wheel, { cut: { after: 100_000, times: 5 } })
    const sources = [server.url]
    const aborted = new AbortController()
    const first = installLibtorch(release, {
      sources,
      signal: aborted.signal,
      onProgress: (_phase, bytes) => bytes >= 100_000 && aborted.abort(new Error('enough')),
    })
    expect((await rejection(first)).message).to.equal('enough')
    server.set({})
    await installLibtorch(release, { sources })
    expect(server.requests).to.deep.equal(['all', 'bytes=100000-'])
  })

  const refusals: [what: string, entries: Record<string, string | undefined>, message: string][] = [
    ['a CUDA wheel where a CPU build is wanted', CUDA_WHEEL, 'is a CUDA build'],
    ['a wheel of something else', { 'numpy/__init__.py': '' }, 'holds no LibTorch'],
    ['another version', { ...CPU_WHEEL, 'torch/version.py': "__version__ = '2.14.1+cpu'" }, '2.14.1'],
    ['a wheel without its headers', { ...CPU_WHEEL, 'torch/include/ATen/ATen.h': undefined }, 'no headers'],
  ]
  for (const [what, entries, message] of refusals) {
    it(`refuses ${what} and leaves nothing installed`, async () => {
      using there = cache(what)
      const file = folder(`${message}.whl`)
      fs.writeFileSync(file, await zip(entries))
      const error = await rejection(installLibtorch(release, { from: file }))
      expect(error).to.have.property('code', 'ERR_SIMCLR_DOWNLOAD')
      expect(error.message).to.contain(message)
      expect(fs.readdirSync(there.path)).to.deep.equal(['downloads'])
    })
  }

  it('refuses a CPU wheel where a CUDA build is wanted', async () => {
    using _there = cache('no cuda')
    fs.writeFileSync(folder('cpu.whl'), wheel)
    const cuda = { ...release, variant: 'cu130' as const }
    const error = await rejection(installLibtorch(cuda, { from: folder('cpu.whl') }))
    expect(error.message).to.contain('is a CPU build')
  })

  it('refuses a file with another hash than the one asked for, naming both', async () => {
    using _there = cache('hash')
    await using server = await serveFile(wheel)
    const sha256 = 'ab'.repeat(32)
    const error = await rejection(installLibtorch(release, { sources: [server.url], sha256 }))
    expect(error.message).to.contain(sha256).and.to.contain(sha256Of(wheel))
    expect(inspectLibtorch(folder('hash', 'simclr', 'libtorch', '2.13.0-cpu'))).to.equal(null)
  })

  it('refuses what is no address, and a file that is not there, in words', async () => {
    using _there = cache('nothing')
    for (const address of ['torch.whl', 'file:///torch.whl']) {
      const error = await rejection(installLibtorch(release, { sources: [address] }))
      expect(error).to.be.instanceOf(SimclrError).with.property('code', 'ERR_SIMCLR_USAGE')
      expect(error.message).to.contain(`but received '${address}'`)
    }
    const error = await rejection(installLibtorch(release, { from: folder('missing.whl') }))
    expect(error).to.be.instanceOf(SimclrError).with.property('code', 'ERR_SIMCLR_IO')
    expect(error.message).to.contain(`there is nothing at ${folder('missing.whl')}`)
  })

  it('names the disk that fails', async () => {
    fs.writeFileSync(folder('file'), '')
    using _env = withEnvironment({ XDG_CACHE_HOME: folder('file') })
    const error = await rejection(installLibtorch(release, { sources: ['http://127.0.0.1:9/'] }))
    expect(error).to.be.instanceOf(SimclrError).with.property('code', 'ERR_SIMCLR_IO')
    expect(error.message)
      .to.contain(`install LibTorch in ${folder('file', 'simclr')}`)
      .and.to.contain('ENOTDIR')
  })

  it('takes a file of unknown hash from an address the caller names only with that hash', async () => {
    using _there = cache('unknown')
    await using server = await serveFile(wheel)
    const unknown = { ...release, hashes: [] }
    const error = await rejection(installLibtorch(unknown, { sources: [server.url] }))
    expect(error.message).to.contain(`--sha256 ${sha256Of(wheel)}`)
    await installLibtorch(unknown, { sources: [server.url], sha256: sha256Of(wheel) })
  })

  it('refuses a damaged and a truncated file', async () => {
    using _there = cache('damaged')
    const damaged = Buffer.from(wheel)
    const at = damaged.indexOf('kernels kernels')
    damaged.write('KERNELS', at)
    for (const [name, bytes] of Object.entries({
      damaged,
      truncated: wheel.subarray(0, wheel.length - 100),
    })) {
      fs.writeFileSync(folder(`${name}.whl`), bytes)
      const error = await rejection(installLibtorch(release, { from: folder(`${name}.whl`) }))
      expect(error, name).to.have.property('code', 'ERR_SIMCLR_CORRUPT_FILE')
    }
  })

  it('tries the addresses in order and says what was wrong with each', async () => {
    using _there = cache('order')
    await using missing = await serveFile(wheel, { status: 404 })
    await using wrong = await serveFile(await zip(CUDA_WHEEL))
    const sha256 = sha256Of(wheel)
    const error = await rejection(installLibtorch(release, { sources: [missing.url, wrong.url], sha256 }))
    expect(error.message).to.match(/404.*SHA-256/s)
    await using right = await serveFile(wheel)
    const messages: string[] = []
    const onMessage = (text: string) => messages.push(text)
    await installLibtorch(release, { sources: [missing.url, right.url], onMessage })
    expect(messages.join('\n')).to.contain('404')
  })

  it('lets one of two installers at once download, and the other wait', async () => {
    using there = cache('two')
    await using server = await serveFile(wheel, { delay: 1500 })
    const args = ['libtorch', 'install', 'cpu', '--json', '--source', server.url, '--sha256', sha256Of(wheel)]
    const both = await Promise.all([simclr(args), simclr(args)])
    expect(both.map((r) => r.code)).to.deep.equal([0, 0])
    const lines = both.map((r) => JSON.parse(r.stdout))
    expect(lines.map((line) => line.installed)).to.have.members([true, false])
    expect(lines[0].root)
      .to.equal(path.join(there.path, '2.13.0-cpu', 'torch'))
      .and.to.equal(lines[1].root)
    expect(server.requests).to.deep.equal(['all'])
    expect(both.map((r) => r.stderr).join()).to.contain('waiting')
  })

  it('installs two parts at once, each from its own download', async () => {
    using there = cache('parts')
    let begin = () => {}
    const until = new Promise<void>((resolve) => {
      begin = resolve
    })
    await using slow = await serveFile(wheel, { until })
    await using quick = await serveFile(wheel)
    const all = installLibtorch(release, { sources: [slow.url] })
    while (slow.requests.length === 0) await new Promise((resolve) => setTimeout(resolve, 10))
    const headers = await installLibtorch(release, { sources: [quick.url], part: 'headers' })
    begin()
    expect((await all).root).to.equal(path.join(there.path, '2.13.0-cpu', 'torch'))
    expect(headers.root).to.equal(path.join(there.path, '2.13.0-cpu-headers', 'torch'))
    expect(fs.readdirSync(path.join(there.path, 'downloads'))).to.deep.equal([])
  })

  it('installs the version of the table that --torch names, and refuses one that is not there', async () => {
    using there = cache('named version')
    fs.writeFileSync(folder('named.whl'), wheel)
    const args = ['libtorch', 'install', 'cpu', '--torch', '2.13.0', '--json', '--from', folder('named.whl')]
    const ran = await simclr(args)
    const root = path.join(there.path, '2.13.0-cpu', 'torch')
    expect(JSON.parse(ran.stdout)).to.include({ version: '2.13.0', variant: 'cpu', root, installed: true })
    // The address has a file of unknown hash: what it was asked for is said.
    for (const version of ['2.11.0', '2.14.1']) {
      await using server = await serveFile(wheel)
      const named = ['libtorch', 'install', 'cu130', '--part', 'headers', '--source', server.url]
      const { code, stdout, stderr } = await simclr([...named, '--torch', version])
      expect([code, stdout], stderr).to.deep.equal([1, ''])
      expect(stderr).to.contain(`No source gave LibTorch ${version} (cu130)`)
    }
    const unknown = await simclr(['libtorch', 'install', 'cpu', '--torch', '2.12.0'])
    expect([unknown.code, unknown.stdout]).to.deep.equal([2, ''])
    expect(unknown.stderr).to.contain("'2.12.0 cpu'").and.to.contain('libtorch list')
  })

  it('checks the variant name', async () => {
    const ran = await simclr(['libtorch', 'install', 'cu999'])
    expect(ran.code).to.equal(2)
    expect(ran.stderr).to.contain("'cu999'").and.to.contain('libtorch list')
  })
})
