import fs from 'node:fs'
import path from 'node:path'
import { pathToFileURL } from 'node:url'
import { expect } from 'chai'
import { packageRoot } from '../../lib/addon/binary.ts'
import { withEnvironment } from '../support/environment.ts'
import { temporaryFolder } from '../support/folder.ts'
import { fakeLibtorch } from '../support/libtorch.ts'

/** Writes what a build leaves, and down what it was asked. */
const CMAKE_JS = `
const fs = require('node:fs')
const [command, ...options] = process.argv.slice(2)
const out = options[options.indexOf('--out') + 1]
const cached = fs.existsSync(out + '/CMakeCache.txt') || fs.existsSync(out + '/CMakeFiles/3.22.1')
fs.appendFileSync('calls.txt', JSON.stringify({ command, cached, options }) + '\\n')
fs.mkdirSync(out + '/Release', { recursive: true })
fs.mkdirSync(out + '/CMakeFiles/3.22.1', { recursive: true })
fs.writeFileSync(out + '/CMakeFiles/kept.o', '')
fs.writeFileSync(out + '/CMakeCache.txt', '')
for (const name of ['simclr.node', 'loader.node']) fs.writeFileSync(out + '/Release/' + name, '')
const libtorch = options.find((o) => o.startsWith('--CDSIMCLR_LIBTORCH='))?.split('=')[1]
if (libtorch) fs.writeFileSync(out + '/Release/build.json', JSON.stringify({ libtorch }))
`

describe('npm run build, of the addon', () => {
  const folder = temporaryFolder()
  const checkout = (...parts: string[]) => folder('checkout', ...parts)
  const calls = checkout.bind(null, 'calls.txt')
  let environment: Disposable
  let build: () => Promise<void>

  before(async () => {
    // A checkout with everything but a compiler.
    for (const name of ['scripts', 'CMakeLists.txt', 'package-lock.json'])
      fs.cpSync(path.join(packageRoot, name), checkout(name), { recursive: true })
    for (const name of ['native', 'dist']) fs.symlinkSync(path.join(packageRoot, name), checkout(name))
    fs.mkdirSync(checkout('node_modules/cmake-js/bin'), { recursive: true })
    fs.writeFileSync(checkout('node_modules/cmake-js/bin/cmake-js'), CMAKE_JS)
    // A compiler that finds libjpeg.a once it is there, and till then answers as g++ does.
    const jpeg = folder('libjpeg.a')
    const script = `#!/bin/sh\nif [ -e ${jpeg} ]; then echo ${jpeg}; else echo libjpeg.a; fi\n`
    fs.writeFileSync(folder('cxx'), script, { mode: 0o755 })
    environment = withEnvironment({
      ...{ CXX: folder('cxx'), CXXFLAGS: undefined, LDFLAGS: undefined, SIMCLR_JPEG: undefined },
    })
    const libtorch = fakeLibtorch(folder('libtorch'), '2.13.0+cpu')
    const { buildAddon } = await import(pathToFileURL(checkout('scripts/bootstrap/addon.mjs')).href)
    build = () => buildAddon({ libtorch, variant: 'cpu', torch: null })
  })
  after(() => environment[Symbol.dispose]())

  /** What of it was done: configured from `anew` or from its cache, and built; nothing where it is fresh. */
  async function done(): Promise<string[]> {
    fs.rmSync(calls(), { force: true })
    await build()
    if (!fs.existsSync(calls())) return []
    return callsMade().map(({ command, cached }) => `${command} ${cached ? 'cached' : 'anew'}`)
  }
  function callsMade(): { command: string; options: string[]; cached: boolean }[] {
    const lines = fs.readFileSync(calls(), 'utf8').trim().split('\n')
    return lines.map((line) => JSON.parse(line))
  }
  const ANEW = ['configure anew', 'build cached']
  const AGAIN = ['configure cached', 'build cached']

  it('is done once, and again when libjpeg-turbo or a script that it runs is another', async () => {
    expect(await done()).to.deep.equal(ANEW)
    expect(await done()).to.deep.equal([])
    for (const content of ['installed', 'newer']) {
      fs.writeFileSync(folder('libjpeg.a'), content)
      expect(await done(), content).to.deep.equal(AGAIN)
      expect(await done(), content).to.deep.equal([])
    }
    fs.appendFileSync(checkout('scripts/build-json.mjs'), '// changed\n')
    expect(await done()).to.deep.equal(AGAIN)
    expect(await done()).to.deep.equal([])
  })

  it('takes another compiler, and other flags', async () => {
    await build()
    fs.copyFileSync(folder('cxx'), folder('other'))
    for (const values of [{ CXX: folder('other') }, { CXXFLAGS: '-O1' }, { LDFLAGS: '-s' }]) {
      using _env = withEnvironment(values)
      expect(await done(), JSON.stringify(values)).to.deep.equal(ANEW)
      expect(await done(), JSON.stringify(values)).to.deep.equal([])
      expect(fs.existsSync(checkout('build/CMakeFiles/kept.o')), 'what is compiled').to.equal(true)
    }
    expect(await done(), 'back').to.deep.equal(ANEW)
  })

  it('hands CXXFLAGS on, which CMake itself would leave out beside cmake-js', async () => {
    using _env = withEnvironment({ CXXFLAGS: '-O1 -g1' })
    await done()
    expect(callsMade()[0]?.options).to.include('--CDSIMCLR_CXXFLAGS=-O1 -g1')
  })

  it('runs no more compilers than there is memory for', async () => {
    const own = process.availableMemory
    process.availableMemory = () => 1e9 // as in a container
    try {
      fs.rmSync(checkout('build'), { recursive: true, force: true })
      await done()
    } finally {
      process.availableMemory = own
    }
    const options = callsMade()[1]?.options ?? []
    expect(options[options.indexOf('--parallel') + 1]).to.equal('1')
  })
})
