import { expect } from 'chai'
import { temporaryFolder } from '../support/folder.ts'
import { runNative } from '../support/native.ts'

describe('scratch memory of views', function () {
  this.timeout(60_000)
  const folder = temporaryFolder()

  it('is there again after there was too little: plain C++', () => {
    // Not under AddressSanitizer, which ends the program where there is too little.
    expect(runNative('scratch', { output: folder('test'), sanitizer: 'undefined' })).to.equal('ok\n')
  })
})
