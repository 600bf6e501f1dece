import { expect } from 'chai'
import { temporaryFolder } from '../support/folder.ts'
import { runWithTorch } from '../support/native.ts'

describe("an optimizer's step on a CPU", function () {
  this.timeout(600_000)
  const folder = temporaryFolder()

  it('asks for no memory: every optimizer, on all threads', () => {
    const optim = ['optimizer', 'lars', 'sgd', 'adam', 'adam_kernels', 'update_kernels']
    const sources = [...optim.map((name) => `native/core/optim/${name}.cc`), 'native/core/device_kernels.cc']
    expect(runWithTorch('optimizer_step', { output: folder('test'), sources })).to.equal('ok\n')
  })
})
