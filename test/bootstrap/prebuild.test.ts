import fs from 'node:fs'
import path from 'node:path'
import { expect } from 'chai'
import { findRelease, RELEASES } from '../../lib/addon/libtorch/versions.ts'
import { MATRIX, packageName } from '../../lib/addon/matrix.ts'
import { readOptions } from '../../scripts/bootstrap/addon.mjs'
import { libtorchForBuild } from '../../scripts/bootstrap/libtorch.mjs'
import { buildArguments } from '../../scripts/prebuild.mjs'
import { withEnvironment } from '../support/environment.ts'
import { temporaryFolder } from '../support/folder.ts'
import { fakeLibtorch } from '../support/libtorch.ts'
import { rejection } from '../support/rejection.ts'

describe('npm run prebuild', () => {
  const folder = temporaryFolder()
  const cached = (version: string, variant: string) =>
    folder('cache', 'simclr', 'libtorch', `${version}-${variant}`, 'torch')
  let environment: Disposable

  /** A machine with every LibTorch of the table. */
  before(() => {
    environment = withEnvironment({ XDG_CACHE_HOME: folder('cache'), SIMCLR_LIBTORCH: undefined })
    for (const { version, variant } of RELEASES)
      fakeLibtorch(cached(version, variant), `${version}+${variant}`, { cuda: variant !== 'cpu' })
  })
  after(() => environment[Symbol.dispose]())

  /** What `npm run build` is asked for a row, read as it reads it. */
  const optionsOf = (row: (typeof MATRIX)[number]) =>
    readOptions(buildArguments(row, findRelease(row.variant)!.version))

  for (const row of MATRIX) {
    it(`builds ${packageName(row)} against LibTorch ${row.torch}, whatever else is installed`, async () => {
      const { libtorch, variant, torch } = optionsOf(row)
      expect(await libtorchForBuild(libtorch, variant, torch)).to.equal(cached(row.torch, row.variant))
    })
  }

  it('refuses a LibTorch of another minor than the row’s, where one is named', async () => {
    const row = MATRIX.find((r) => r.name === 'cu130-torch2.11')!
    using _env = withEnvironment({ SIMCLR_LIBTORCH: cached('2.14.1', 'cu130') })
    const { libtorch, variant, torch } = optionsOf(row)
    const { message } = await rejection(libtorchForBuild(libtorch, variant, torch))
    expect(message).to.contain('LibTorch 2.11').and.to.contain('is LibTorch 2.14.1')
  })

  it('installs the row’s own version where none is there', async () => {
    // The installer of this test's table has nowhere to write: it says for which version before it gets anything.
    const file = folder('no-folder')
    fs.writeFileSync(file, '')
    using _env = withEnvironment({ XDG_CACHE_HOME: file, PATH: path.dirname(process.execPath) })
    const { message } = await rejection(libtorchForBuild(null, 'cu130', '2.11.0'))
    expect(message).to.contain('libtorch install cu130 --torch 2.11.0 --part all')
  })

  it('says which versions there are where another is asked for', async () => {
    const { message } = await rejection(libtorchForBuild(null, 'cu130', '2.12.0'))
    expect(message).to.contain('cu130 (2.11.0)').and.to.contain("'cu130' with --torch 2.12.0")
  })
})
