import { expect } from 'chai'
import { temporaryFolder } from '../support/folder.ts'
import { runNative } from '../support/native.ts'

describe('memory kept for tensors', function () {
  this.timeout(60_000)
  const folder = temporaryFolder()

  it('splits, joins, takes the smallest stretch and lends nothing twice: plain C++, under sanitizers', () => {
    const sources = ['native/core/machine/kept_pages.cc']
    expect(runNative('kept_pages', { output: folder('test'), sources })).to.equal('ok\n')
  })
})
