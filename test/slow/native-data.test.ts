import { expect } from 'chai'
import { temporaryFolder } from '../support/folder.ts'
import { runNative } from '../support/native.ts'

const sources = [
  ...['bus_errors', 'crc32', 'image_store', 'mapped_file', 'scenes'].map(
    (name) => `native/core/data/${name}.cc`,
  ),
  'native/core/image/pixels.cc',
]

describe('image store, mapped files and scenes under sanitizers', function () {
  this.timeout(180_000)
  const folder = temporaryFolder()

  for (const sanitizer of ['address,undefined', 'thread']) {
    it(`-fsanitize=${sanitizer}`, () => {
      const test = { output: folder('test'), sources, sanitizer, args: [folder('mapped.bin')] }
      expect(runNative('data', test)).to.equal('ok\n')
    })
  }
})
