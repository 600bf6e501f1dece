import { expect } from 'chai'
import { batchesAhead, shareThreads } from '../../lib/data/threads.ts'

describe('threads of a run whose images are streamed', () => {
  it('are never more than there are: those that decode beside those that compute, or by turns', () => {
    for (let threads = 1; threads <= 256; threads++) {
      const { decoding, computing, ahead } = shareThreads(threads)
      const busy = ahead === 0 ? Math.max(decoding, computing) : decoding + computing
      expect(busy, `${threads} threads`).to.equal(threads)
      expect(Math.min(decoding, computing), `${threads} threads`).to.be.at.least(1)
    }
    expect([1, 2, 4, 8, 9].map((threads) => shareThreads(threads).decoding)).to.deep.equal([1, 1, 1, 2, 2])
  })

  it('decode ahead unless the one that there is computes', () => {
    expect(batchesAhead(true, 1, 'cpu')).to.equal(0)
    for (const [isStreamed, threads, device] of [
      [true, 2, 'cpu'],
      [false, 1, 'cpu'],
      [true, 1, 'cuda:0'],
    ] as const)
      expect(batchesAhead(isStreamed, threads, device), `${threads} ${device}`).to.be.at.least(1)
  })
})
