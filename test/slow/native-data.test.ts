import { execFileSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { expect } from 'chai'
import { temporaryFolder } from '../support/folder.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))
const sources = [
  ...['crc32', 'image_store', 'mapped_file', 'scenes'].map((name) => `native/core/data/${name}.cc`),
  'native/core/image/pixels.cc',
]

describe('image store, mapped files and scenes under sanitizers', function () {
  this.timeout(180_000)
  const folder = temporaryFolder()

  for (const sanitizer of ['address,undefined', 'thread']) {
    it(`-fsanitize=${sanitizer}`, () => {
      const flags = [
        '-std=c++20',
        '-O1',
        '-g',
        '-Inative',
        `-fsanitize=${sanitizer}`,
        '-fno-sanitize-recover=all',
      ]
      execFileSync(
        'g++',
        [...flags, 'test/native/data_test.cc', ...sources, '-o', folder('test'), '-lpthread'],
        { cwd: root },
      )
      expect(execFileSync(folder('test'), [folder('mapped.bin')], { encoding: 'utf8' })).to.equal('ok\n')
    })
  }
})
