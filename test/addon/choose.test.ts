import { spawnSync } from 'node:child_process'
import fs from 'node:fs'
import path from 'node:path'
import { expect } from 'chai'
import { noBinaryError, packageRoot, packageVersion, unmetBy } from '../../lib/addon/binary.ts'
import { findRelease, minorOf } from '../../lib/addon/libtorch/versions.ts'
import { MATRIX, packageName } from '../../lib/addon/matrix.ts'
import { temporaryFolder } from '../support/folder.ts'
import { type Installed, installSimclr, linkLibtorch, replaceByLibrary } from '../support/installed.ts'

describe('the binary that is taken', function () {
  this.timeout(120_000)
  const folder = temporaryFolder()
  let apps = 0

  /** An app with a CPU binary and one that passes for CUDA's, each with a LibTorch. */
  const setUp = () => {
    const app = installSimclr(folder(`app${apps++}`))
    linkLibtorch(path.join(app.folder, 'cache'))
    linkLibtorch(path.join(app.folder, 'cache'), 'cu130')
    const cuda = app.addBinary('cu130', { variant: 'cu130', cuda: '13.0' })
    return { app, cuda, cpu: app.addBinary('cpu') }
  }
  const program = `
    const { versions } = await import('simclr')
    try { const { binary, binaryChoice } = versions(); console.log(JSON.stringify({ binary, binaryChoice })) }
    catch (e) { console.log(JSON.stringify({ code: e.code, message: e.message })) }`
  const taken = (app: Installed, env?: Record<string, string>) => {
    const { stdout, stderr, signal } = app.node(['--input-type=module', '-e', program], env)
    expect(signal, stderr).to.equal(null)
    return JSON.parse(stdout) as Record<string, string>
  }

  it('is the CPU’s where no binary sees a GPU, and is remembered until something changes', () => {
    const { app, cuda } = setUp()
    const first = taken(app)
    expect(first.binary).to.equal('@simclr/linux-x64-cpu')
    expect(first.binaryChoice)
      .to.contain('the best of 2 that were tried')
      // Why it sees none: here what the CPU's says, which this is.
      .and.to.contain('@simclr/linux-x64-cu130 works, on the CPU: This binary of simclr computes on the CPU')
    expect(first.binaryChoice).to.not.contain('found out')
    expect(taken(app).binaryChoice).to.equal(
      `${first.binaryChoice} (found out on ${new Date().toISOString().slice(0, 10)})`,
    )
    fs.utimesSync(path.join(cuda, 'simclr.node'), 1, 1)
    expect(taken(app).binaryChoice).to.equal(first.binaryChoice)
    // As where a container is run with GPUs and without.
    expect(taken(app, { NVIDIA_VISIBLE_DEVICES: 'void' }).binaryChoice).to.equal(first.binaryChoice)
  })

  it('is found out anew where what was remembered is no such thing', () => {
    const { app } = setUp()
    fs.mkdirSync(path.join(app.folder, 'cache/simclr'), { recursive: true })
    fs.writeFileSync(path.join(app.folder, 'cache/simclr/binaries.json'), 'null')
    expect(taken(app).binary).to.equal('@simclr/linux-x64-cpu')
    expect(taken(app).binaryChoice).to.contain('found out')
  })

  it('is none where no process can be started to try them, and the error says so', () => {
    const { app } = setUp()
    const gone = folder('node')
    fs.copyFileSync(process.execPath, gone)
    fs.chmodSync(gone, 0o755)
    const first = `(await import('node:fs')).rmSync(process.execPath)`
    const env = { HOME: app.folder, PATH: '/nowhere', XDG_CACHE_HOME: path.join(app.folder, 'cache') }
    const args = ['--input-type=module', '-e', `${first}\n${program}`]
    const { stdout, stderr } = spawnSync(gone, args, { cwd: app.folder, env, encoding: 'utf8' })
    const { code, message } = JSON.parse(stdout || JSON.stringify({ message: stderr }))
    expect(code, message).to.equal('ERR_SIMCLR_BINARY')
    expect(message).to.match(/linux-x64-cpu cannot be tried: no process can be started \(.*ENOENT\)/)
  })

  it('fails with its own error where that cannot be forgotten', () => {
    const { app, cuda, cpu } = setUp()
    fs.rmSync(cuda, { recursive: true })
    fs.writeFileSync(path.join(cpu, 'loader.node'), 'no library')
    fs.mkdirSync(path.join(app.folder, 'cache/simclr/binaries.json'), { recursive: true })
    const { code, message } = taken(app)
    expect(code).to.equal('ERR_SIMCLR_BINARY')
    expect(message).to.contain('loader.node of').and.to.contain('cannot be loaded')
  })

  it('is another than one that crashes, and the app lives', () => {
    const { app, cuda, cpu } = setUp()
    replaceByLibrary(path.join(cpu, 'simclr.node'), 'abort();')
    const { binary, binaryChoice } = taken(app)
    expect(binary).to.equal('@simclr/linux-x64-cu130')
    expect(binaryChoice).to.contain('@simclr/linux-x64-cpu crashes (SIGABRT)')
    replaceByLibrary(path.join(cuda, 'simclr.node'), 'abort();')
    const { code, message } = taken(app)
    expect(code).to.equal('ERR_SIMCLR_BINARY')
    expect(message).to.contain('linux-x64-cu130 crashes').and.to.contain('linux-x64-cpu crashes')
  })

  it('is the one with its LibTorch, without trying any', () => {
    const { app } = setUp()
    fs.rmSync(path.join(app.folder, 'cache/simclr/libtorch'), { recursive: true })
    linkLibtorch(path.join(app.folder, 'cache'))
    const { binary, binaryChoice } = taken(app)
    expect(binary).to.equal('@simclr/linux-x64-cpu')
    expect(binaryChoice).to.match(
      /^the only usable binary \(@simclr\/linux-x64-cu130: LibTorch .* not installed/,
    )
    expect(fs.existsSync(path.join(app.folder, 'cache/simclr/binaries.json'))).to.equal(false)
  })

  it('is another than one that is damaged, which is told', () => {
    const { app, cuda, cpu } = setUp()
    fs.writeFileSync(path.join(cuda, 'build.json'), '{"variant": "cu1')
    const { binary, binaryChoice } = taken(app)
    expect(binary).to.equal('@simclr/linux-x64-cpu')
    expect(binaryChoice).to.match(
      /^the only usable binary \(@simclr\/linux-x64-cu130: \S+build\.json cannot be read/,
    )
    const { findings } = app.doctor()
    const damaged = findings.find(({ detail }) => detail.includes('build.json cannot be read'))
    expect(damaged).to.include({ name: 'Binary', state: 'note' })
    expect(findings.filter(({ state }) => state === 'problem')).to.deep.equal([])
    fs.writeFileSync(path.join(cpu, 'build.json'), 'null')
    const { code, message } = taken(app)
    expect(code).to.equal('ERR_SIMCLR_BINARY')
    expect(message)
      .to.contain('None of the 2 installed binaries can be used')
      .and.to.contain('does not tell variant and LibTorch')
      .and.to.contain('npm install @simclr/linux-x64-cpu')
    expect(taken(app, { SIMCLR_VARIANT: 'cpu' }).message).to.not.contain('cu130')
  })

  it('is another than one of another version of simclr, whose own is named', () => {
    const { app } = setUp()
    app.addBinary('cpu', { simclr: packageVersion() })
    app.addBinary('cu130', { variant: 'cu130', cuda: '13.0', simclr: '0.0.1' })
    const { binary, binaryChoice } = taken(app)
    expect(binary).to.equal('@simclr/linux-x64-cpu')
    expect(binaryChoice).to.contain(`build.json is of simclr 0.0.1, and this is ${packageVersion()}`)
    const { message } = taken(app, { SIMCLR_VARIANT: 'cu130' })
    expect(message).to.contain(`npm install @simclr/linux-x64-cu130@${packageVersion()}`)
  })

  /** What a run on a GPU, asked for and not there, is refused with. */
  const refused = (app: Installed) => {
    const { stdout, stderr } = app.node([
      '--input-type=module',
      '-e',
      `const { train } = await import('simclr')
       const options = { data: 'synthetic:scenes,count=4,size=16', steps: 1, device: 'cuda', out: 'run' }
       await train(options).catch(({ code, message }) => console.log(JSON.stringify({ code, message })))`,
    ])
    const { code, message } = JSON.parse(stdout || JSON.stringify({ message: stderr }))
    expect(code, message).to.equal('ERR_SIMCLR_DEVICE')
    return message as string
  }

  it('tells why there is no GPU as the binaries for CUDA found it', () => {
    const { app, cuda } = setUp()
    replaceByLibrary(path.join(cuda, 'simclr.node'), 'abort();')
    const why = /Devices here: cpu\. @simclr\/linux-x64-cu130 crashes \(SIGABRT\) when it is loaded\.$/
    expect(refused(app)).to.match(why)
    expect(refused(app), 'remembered').to.match(why)
    const lone = installSimclr(folder('lone'))
    lone.addBinary('cpu')
    lone.addBinary('cu130', { variant: 'cu130', cuda: '13.0', torch: '2.14.1' })
    linkLibtorch(path.join(lone.folder, 'cache'))
    expect(refused(lone))
      .to.contain('@simclr/linux-x64-cu130: LibTorch 2.14 (cu130) is not installed')
      .and.to.match(/Install it with: npx simclr libtorch install cu130$/)
    const { detail } = lone.doctor().findings.find(({ name }) => name === 'Addon')!
    expect(detail).to.contain('no GPU: @simclr/linux-x64-cu130').and.to.contain('libtorch install cu130')
  })

  it('is the one that SIMCLR_VARIANT names', () => {
    const { app } = setUp()
    expect(taken(app, { SIMCLR_VARIANT: 'cu130' }).binary).to.equal('@simclr/linux-x64-cu130')
  })

  it('is none without LibTorch, and one error lists them all', () => {
    const { app } = setUp()
    const { code, message } = taken(app, { XDG_CACHE_HOME: folder('empty') })
    expect(code).to.equal('ERR_SIMCLR_LIBTORCH')
    expect(message)
      .to.contain('None of the 2 installed binaries can be used')
      .and.to.contain('npx simclr libtorch install cpu')
  })

  it('asks Python once for the LibTorch of all binaries', () => {
    const { app } = setUp()
    const python = path.join(app.folder, 'bin', 'python3')
    fs.writeFileSync(python, `#!/bin/sh\necho asked >>${app.folder}/asked\n`, { mode: 0o755 })
    taken(app, { XDG_CACHE_HOME: folder('empty') })
    expect(fs.readFileSync(path.join(app.folder, 'asked'), 'utf8')).to.equal('asked\n')
  })

  it('is none where none is installed: one error with causes and solutions', () => {
    const { code, message } = taken(installSimclr(folder('none')))
    expect(code).to.equal('ERR_SIMCLR_BINARY')
    expect(message).to.contain('Possible causes and solutions').and.to.contain('--include=optional')
  })

  it('is none on musl, which comes first among the causes', () => {
    const [, first, ...others] = noBinaryError(null).message.split('\n')
    expect(first).to.contain('not glibc').and.to.contain('node:22-slim')
    expect(others).to.deep.equal(noBinaryError('2.36').message.split('\n').slice(1))
  })

  it('is none on another system, where the package installs all the same and says so when it is used', () => {
    const app = installSimclr(folder('elsewhere'))
    const manifest = JSON.parse(fs.readFileSync(path.join(packageRoot, 'package.json'), 'utf8'))
    fs.mkdirSync(folder('package'))
    const own = { ...manifest, dependencies: {}, devDependencies: {} }
    fs.writeFileSync(folder('package', 'package.json'), JSON.stringify(own))
    const bare = folder('mac')
    fs.mkdirSync(bare)
    fs.writeFileSync(path.join(bare, 'package.json'), '{}')
    fs.writeFileSync(
      path.join(bare, 'mac.cjs'),
      `Object.defineProperty(process, 'platform', { value: 'darwin' })`,
    )
    const elsewhere = ['--require', path.join(bare, 'mac.cjs')]
    const npm = (args: string[], env = {}) => {
      const options = { cwd: bare, encoding: 'utf8', env: { ...process.env, ...env } } as const
      const { status, stdout, stderr } = spawnSync('npm', args, options)
      expect(status, stderr).to.equal(0)
      return stdout.trim()
    }
    const tarball = npm(['pack', '--silent', '--ignore-scripts', folder('package')])
    const install = ['install', '--offline', '--ignore-scripts', `./${tarball}`]
    npm(install, { NODE_OPTIONS: elsewhere.join(' ') }) // npm's own --os is for optional packages alone
    const { stdout } = app.node([...elsewhere, '--input-type=module', '-e', program])
    const { code, message } = JSON.parse(stdout)
    expect(code).to.equal('ERR_SIMCLR_BINARY')
    expect(message).to.contain('there are no binaries for darwin-x64').and.to.contain('linux/amd64 container')
  })

  it('needs no newer libraries than the system has', () => {
    const system = { glibc: '2.31', libstdcxx: '3.4.28' }
    expect(unmetBy({ glibc: '2.28', glibcxx: '3.4.25' }, system)).to.equal(null)
    expect(unmetBy({ glibc: '2.34' }, system)).to.equal('needs glibc 2.34, and this system has 2.31')
    expect(unmetBy({ glibcxx: '3.4.30' }, system))
      .to.contain('GLIBCXX_3.4.30')
      .and.to.contain('3.4.28')
    expect(unmetBy({}, { glibc: null, libstdcxx: null })).to.contain('musl')
  })
})

describe('the matrix of binaries', () => {
  it('pins each to a LibTorch that can be installed', () => {
    for (const { variant, torch } of MATRIX)
      expect(findRelease(variant, torch), torch).to.not.equal(undefined)
    expect(new Set(MATRIX.map(packageName))).to.have.property('size', MATRIX.length)
    // Where NVIDIA's wheels have no compiler, the workflow's container must have one; only there.
    for (const { name, variant, torch, builtIn } of MATRIX) {
      const { compiler, headers } = findRelease(variant, torch)!
      const here = variant === 'cpu' || compiler.length > 0
      expect([name, builtIn]).to.deep.equal([name, here ? 'anywhere' : 'workflow'])
      const crt = [...headers, ...compiler].some((w) => /^nvidia-cuda-(crt|nvcc-cu12)==/.test(w))
      expect(crt, `${name}: a wheel with crt/`).to.equal(variant !== 'cpu')
    }
    const minors = MATRIX.map(({ variant, torch }) => `${variant} ${minorOf(torch)}`)
    expect(minors).to.have.members(['cpu 2.13', 'cu130 2.14', 'cu130 2.11', 'cu128 2.9'])
  })
})
