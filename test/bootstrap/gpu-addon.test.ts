import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { expect } from 'chai'
import { ADDON, addonEnvironment, carriedAddon } from '../../scripts/gpu/build.mjs'
import { sourcesOf } from '../../scripts/gpu/sources.mjs'
import { temporaryFolder } from '../support/folder.ts'

describe('the addon that is carried to a GPU machine', () => {
  const folder = temporaryFolder()
  const addon = (name: string, variant: string) => {
    mkdirSync(folder(name))
    for (const file of ADDON) writeFileSync(folder(name, file), JSON.stringify({ variant, torch: '2.9.1' }))
    return folder(name)
  }

  it('goes where its own variant is looked for, and processes are told that variant', () => {
    const there = carriedAddon(addon('twelve', 'cu128'), folder())
    expect(there).to.equal(folder('build-cu128/Release'))
    for (const file of ADDON) expect(existsSync(path.join(there, file)), file).to.equal(true)
    expect(carriedAddon(there, folder())).to.equal(there)
    expect(addonEnvironment(there, undefined)).to.deep.equal({ SIMCLR_VARIANT: 'cu128' })
    const named = { SIMCLR_VARIANT: 'cu128', SIMCLR_LIBTORCH: '/opt/torch' }
    expect(addonEnvironment(there, '/opt/torch')).to.deep.equal(named)
  })

  it('is refused where it is incomplete, or for a CPU', () => {
    const cpu = addon('cpu', 'cpu')
    expect(() => carriedAddon(cpu, folder())).to.throw("build.json has variant 'cpu'")
    rmSync(path.join(cpu, 'loader.node'))
    expect(() => carriedAddon(cpu, folder())).to.throw('but loader.node is not there')
  })
})

describe('the sources that are carried to a GPU machine', () => {
  const folder = temporaryFolder()

  it('are the tree as it is, without what is ignored, is gone, or is the archive itself', () => {
    const git = (...args: string[]) => execFileSync('git', args, { cwd: folder() })
    for (const name of ['kept', 'gone', 'new ä', 'built', 'out.tar.xz']) writeFileSync(folder(name), '')
    writeFileSync(folder('.gitignore'), 'built\n')
    git('init', '-q')
    git('add', 'kept', 'gone', '.gitignore')
    rmSync(folder('gone'))
    expect(sourcesOf(folder(), folder('out.tar.xz')).sort()).to.deep.equal(['.gitignore', 'kept', 'new ä'])
    expect(sourcesOf(folder(), '/elsewhere.tar.xz')).to.include('out.tar.xz')
  })
})
