import { expect } from 'chai'
import { loadAddon } from '../../lib/addon/load.ts'
import { temporaryFolder } from '../support/folder.ts'
import { runNative } from '../support/native.ts'

describe('shrinking', function () {
  this.timeout(120_000)
  const folder = temporaryFolder()

  it("is Keys' cubic to the level, and of the same bits on every instruction set: plain C++", () => {
    const sources = ['native/core/image/shrink.cc', 'native/core/image/pixels.cc']
    const said = runNative('shrink', { output: folder('test'), sources, flags: ['-Wno-psabi'] })
    // All of this machine's were compared: views have as many, and a plain one.
    expect(Number(said)).to.equal(loadAddon().augmentPaths().length - 1)
  })
})
