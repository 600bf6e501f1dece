import { expect } from 'chai'
import { temporaryFolder } from '../support/folder.ts'
import { runNative } from '../support/native.ts'

describe('a setting of the process', function () {
  this.timeout(60_000)
  const folder = temporaryFolder()

  it('is what each thread wants while it works, however many want it otherwise', () => {
    expect(runNative('shared_mode', { output: folder('test'), sanitizer: 'thread' })).to.equal('ok\n')
  })
})
