import { spawnSync } from 'node:child_process'
import fs from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect } from 'chai'
import { glibc, install, node, space } from '../../scripts/bootstrap/tools.mjs'
import { temporaryFolder } from '../support/folder.ts'

const ROOT = fileURLToPath(new URL('../..', import.meta.url))
const TOOLS = ['g++', 'cmake', 'ninja', 'npm']

describe('npm run build on a machine without', () => {
  const folder = temporaryFolder()

  before(() => {
    // A bare checkout: nothing installed, nothing built.
    for (const name of ['package.json', 'package-lock.json', 'scripts', 'CMakeLists.txt']) {
      fs.cpSync(path.join(ROOT, name), folder('checkout', name), { recursive: true })
    }
  })

  /** Runs the bootstrap with a PATH that has these tools only; `versions` replaces what one says of itself. */
  function bootstrap(tools: string[], versions: Record<string, string> = {}) {
    const bin = fs.mkdtempSync(folder('bin-'))
    for (const tool of tools) {
      const said = versions[tool] ?? `${tool} version 99.0.0`
      fs.writeFileSync(path.join(bin, tool), `#!/bin/sh\necho '${said}'\n`, { mode: 0o755 })
    }
    const env = { PATH: bin, HOME: folder() }
    const args = [folder('checkout', 'scripts', 'bootstrap.mjs'), 'build']
    return spawnSync(process.execPath, args, { encoding: 'utf8', env })
  }

  for (const [tool, message] of Object.entries({
    'g++': /^simclr: The C\+\+ compiler g\+\+ is missing\. Install it with: \S.* (g\+\+|gcc-c\+\+|gcc)$/m,
    cmake: /^simclr: CMake is missing\. Install it with: \S.* cmake$/m,
    ninja: /^simclr: Neither ninja nor make is there\. Install one with: \S.* ninja(-build)?$/m,
    npm: /^simclr: npm is missing\. Install it with: \S.* npm$/m,
  })) {
    it(`${tool}: one message that names it and what installs it, nothing begun`, () => {
      const ran = bootstrap(TOOLS.filter((t) => t !== tool))
      expect(ran.stderr).to.match(message)
      expect(ran.stderr.trim().split('\n')).to.have.length(1)
      expect([ran.status, ran.stdout]).to.deep.equal([1, ''])
      expect(fs.existsSync(folder('checkout', 'node_modules'))).to.equal(false)
    })
  }

  it('any of them: all are named at once', () => {
    const lines = bootstrap([]).stderr.trim().split('\n')
    expect(lines.map((line) => /compiler|CMake|ninja|npm/.exec(line)?.[0])).to.deep.equal([
      'compiler',
      'CMake',
      'ninja',
      'npm',
    ])
  })

  it('a compiler or a CMake that is new enough', () => {
    const old = { 'g++': 'g++ (Debian 8.3.0-6) 8.3.0', cmake: 'cmake version 3.13.4' }
    const { stderr } = bootstrap(TOOLS, old)
    expect(stderr).to.contain('g++ (Debian 8.3.0-6) 8.3.0 is too old: expected g++ 11')
    expect(stderr).to.contain('CMake 3.13.4 is too old: expected 3.22')
  })
})

describe('what the bootstrap says of', () => {
  const folder = temporaryFolder()

  it('Node: the engines of package.json', () => {
    expect(node('18.20.0')).to.contain('Node 18.20.0 is too old')
    expect(node('20.18.0')).to.contain('too old')
    expect(node('22.11.0')).to.contain('too old')
    for (const version of ['20.19.0', '22.12.0', '24.0.0']) expect(node(version)).to.equal(null)
  })

  it('the C library', () => {
    expect(glibc('2.27')).to.contain('glibc 2.27 is too old').and.to.contain('Debian 10')
    expect(glibc(null)).to.contain('no glibc')
    expect(glibc('2.28')).to.equal(null)
    expect(glibc('2.100')).to.equal(null)
  })

  it('the disk', () => {
    expect(space(folder(), 1e18)).to.match(/takes 1000000000000 MB and \d+ MB are free/)
    expect(space(folder(), 1)).to.equal(null)
  })

  it('installing, in the words of the distribution', () => {
    expect(install('g++', 'ID=debian\n')).to.equal('apt-get install g++')
    expect(install('ninja', 'ID=ubuntu\nID_LIKE=debian\n')).to.equal('apt-get install ninja-build')
    expect(install('g++', 'ID="rocky"\nID_LIKE="rhel centos fedora"\n')).to.equal('dnf install gcc-c++')
    expect(install('g++', 'ID=arch\n')).to.equal('pacman -S gcc')
    expect(install('cmake', 'ID="opensuse-leap"\nID_LIKE="suse opensuse"\n')).to.equal('zypper install cmake')
  })
})
