import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { expect } from 'chai'
import { temporaryFolder } from '../support/folder.ts'

const script = fileURLToPath(new URL('../../scripts/jpeg-library.mjs', import.meta.url))

function find(named?: string): { library: string; said: string } {
  const { SIMCLR_JPEG: _, ...env } = process.env
  const options = {
    encoding: 'utf8',
    env: named === undefined ? env : { ...env, SIMCLR_JPEG: named },
  } as const
  const { status, stdout, stderr } = spawnSync(process.execPath, [script, 'g++'], options)
  expect(status, stderr).to.equal(0)
  return { library: stdout, said: stderr }
}

describe('the build’s libjpeg-turbo', () => {
  const folder = temporaryFolder()

  it('is a static library, or what is missing is said in one line', () => {
    const { library, said } = find()
    if (library === '') expect(said).to.match(/^JPEG files will be decoded by sharp, more slowly: .+\n$/)
    else expect([library, said]).to.satisfy(([a, b]: string[]) => /\.a(;|$)/.test(a!) && b === '')
  })

  it('can be turned off', () => {
    const said = 'JPEG files will be decoded by sharp, more slowly: SIMCLR_JPEG=off.\n'
    expect(find('off')).to.deep.equal({ library: '', said })
  })

  it('is not a library that cannot be linked', () => {
    const { library, said } = find(folder('libjpeg.a'))
    expect(library).to.equal('')
    expect(said).to.match(/libjpeg\.a cannot be used \(.+\)\.\n$/)
  })
})
