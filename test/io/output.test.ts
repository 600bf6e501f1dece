import { execFileSync } from 'node:child_process'
import { mkdirSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { expect } from 'chai'
import { SimclrError } from '../../lib/addon/errors.ts'
import { checkOutput, prepareOutput, writeOutput } from '../../lib/io/output.ts'
import { write } from '../data/pictures.ts'
import { temporaryFolder } from '../support/folder.ts'
import { mountTmpfs } from '../support/mount.ts'
import { rejection } from '../support/rejection.ts'

/** The message of ERR_SIMCLR_IO, which names `path` and no temporary file. */
async function refusal(promise: Promise<unknown>, path: string): Promise<string> {
  const error = await rejection(promise)
  expect(error).to.be.instanceOf(SimclrError).with.property('code', 'ERR_SIMCLR_IO')
  expect(error.message).to.contain(`Expected to write ${path} but `).and.not.contain('.tmp')
  return error.message
}

describe('files that a caller names', () => {
  const folder = temporaryFolder()
  const mounted: string[] = []
  // Before the folder is removed.
  afterEach(() => {
    for (const disk of mounted.splice(0)) execFileSync('umount', [disk])
  })

  it('are written, after their folders have been made', async () => {
    const path = folder('a/b/c.txt')
    await prepareOutput(path)
    expect(readdirSync(folder('a/b')), 'the trial is gone').to.deep.equal([])
    await writeOutput(path, 'text')
    expect(readFileSync(path, 'utf8')).to.equal('text')
    await prepareOutput(path)
    expect(readFileSync(path, 'utf8'), 'what is there stays until it is written anew').to.equal('text')
  })

  it('are not written where the folder is not there, which is told', async () => {
    const path = folder('absent/c.txt')
    expect(await refusal(checkOutput(path), path)).to.contain(`its folder ${folder('absent')} is not there`)
    expect(await refusal(writeOutput(path, ''), path)).to.contain('Make the folder first.')
  })

  it('are not written over a folder, nor below a file', async () => {
    mkdirSync(folder('taken'))
    for (const check of [checkOutput, prepareOutput, (path: string) => writeOutput(path, '')])
      expect(await refusal(check(folder('taken')), folder('taken'))).to.contain('it is a folder')
    expect(statSync(folder('taken')).isDirectory()).to.equal(true)
    write(folder('file'), 'x')
    const below = folder('file/c.txt')
    expect(await refusal(prepareOutput(below), below)).to.contain('a part of its path is a file')
  })

  it('are not written in a folder that takes no folders although it is there', async () => {
    for (const path of ['/proc/simclr/c.txt', '/proc/simclr/new/c.txt'])
      expect(await refusal(prepareOutput(path), path)).to.match(/its folder \/proc\/simclr.* is not there/)
  })

  it('are not written under a name that is too long, nor on a disk that cannot be written', async function () {
    const long = folder('x'.repeat(300))
    expect(await refusal(checkOutput(long), long)).to.match(/ENAMETOOLONG: name too long\. /)
    if (!mountTmpfs(folder('disk'), 'ro,size=64k')) return this.skip()
    mounted.push(folder('disk'))
    const path = folder('disk/new/c.txt')
    expect(await refusal(prepareOutput(path), path)).to.match(/EROFS: read-only file system\. /)
  })
})
