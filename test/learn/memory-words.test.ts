import { expect } from 'chai'
import { temporaryFolder } from '../support/folder.ts'
import { runNative } from '../support/native.ts'

describe('how libraries say that memory ran out', function () {
  this.timeout(120_000)
  const folder = temporaryFolder()

  it('is known from their other errors', () => {
    expect(runNative('memory_words', { output: folder('test') })).to.equal('ok\n')
  })
})
