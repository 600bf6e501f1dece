import { expect } from 'chai'
import { temporaryFolder } from '../support/folder.ts'
import { runWithTorch } from '../support/native.ts'

describe("LibTorch's threads for a thread", function () {
  this.timeout(120_000)
  const folder = temporaryFolder()
  const ownThreads = 'native/core/machine/own_threads.cc'

  it('are as many as it has set, even if another sets its own before the first work', () => {
    const said = runWithTorch('own_threads', { output: folder('own'), sources: [ownThreads] })
    expect(said).to.equal('ok\n')
  })

  it('make images for a network together', () => {
    const sources = [ownThreads, 'native/core/learn/host_images.cc']
    expect(runWithTorch('host_images', { output: folder('images'), sources })).to.equal('ok\n')
  })
})
