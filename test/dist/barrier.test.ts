import { expect } from 'chai'
import { temporaryFolder } from '../support/folder.ts'
import { runNative } from '../support/native.ts'

describe('the barrier that shards meet in', function () {
  this.timeout(120_000)
  const folder = temporaryFolder()

  for (const sanitizer of ['address,undefined', 'thread']) {
    it(`lets nobody pass early, and everybody go where one fails: plain C++, -fsanitize=${sanitizer}`, () => {
      const sources = ['native/core/dist/barrier.cc']
      expect(runNative('barrier', { output: folder('test'), sources, sanitizer })).to.equal('ok\n')
    })
  }
})
