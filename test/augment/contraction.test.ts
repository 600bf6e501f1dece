import { readFileSync } from 'node:fs'
import { expect } from 'chai'
import { temporaryFolder } from '../support/folder.ts'
import { runNative } from '../support/native.ts'

describe('crops, draws and weights of views', function () {
  this.timeout(120_000)
  const folder = temporaryFolder()

  it('have the same bits with and without fused multiply-adds, which GPUs and some processors have', function () {
    if (!/^flags.*\bfma\b/m.test(readFileSync('/proc/cpuinfo', 'utf8'))) this.skip()
    const lines = (name: string, flags: string[]) =>
      runNative('contraction', { output: folder(name), flags, sanitizer: 'undefined' })
        .trim()
        .split('\n')
    const apart = lines('apart', ['-O2', '-mfma', '-ffp-contract=off'])
    const fused = lines('fused', ['-O2', '-mfma', '-ffp-contract=fast'])
    expect(apart).to.have.lengthOf(8)
    expect(fused.slice(0, -1)).to.deep.equal(apart.slice(0, -1))
    // Of plain sums: the flags do what they shall.
    expect(fused.at(-1)).to.not.equal(apart.at(-1))
  })
})
