import { expect } from 'chai'
import { temporaryFolder } from '../support/folder.ts'
import { runNative } from '../support/native.ts'

describe('memory that ranks share', function () {
  this.timeout(60_000)
  const folder = temporaryFolder()

  it('leaves no file behind, wherever opening it fails: plain C++, under sanitizers', () => {
    const sources = ['native/core/dist/host_memory.cc']
    expect(runNative('host_memory', { output: folder('test'), sources })).to.equal('ok\n')
  })
})
