import { setTimeout } from 'node:timers/promises'
import { expect } from 'chai'
import type { TrainEvent } from '../../lib/run/events.ts'
import { temporaryFolder } from '../support/folder.ts'
import { tiny, trained } from '../support/tiny.ts'

/**
 * How late timers are. (`monitorEventLoopDelay` forgets with `reset` when it last fired, and so whatever follows at once:
 * a step.)
 */
class Lateness implements Disposable {
  readonly #timer = setInterval(() => this.#look(), 1)
  #last = performance.now()
  #longest = 0

  #look(): void {
    const now = performance.now()
    this.#longest = Math.max(this.#longest, now - this.#last)
    this.#last = now
  }

  /** The longest time without a turn for a timer since this was asked last, in seconds. */
  longest(): number {
    this.#look()
    const seconds = this.#longest / 1000
    this.#longest = 0
    return seconds
  }

  [Symbol.dispose](): void {
    clearInterval(this.#timer)
  }
}

/** Of a step's time. What the loop does itself between steps is a hundredth of that. */
const mostShare = 0.25

/** Of the steps: a busy machine holds up any process now and then. */
function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[values.length >> 1]!
}

describe('the event loop of a process that trains', function () {
  this.timeout(120_000)
  const path = temporaryFolder()

  it('is free while steps are computed, without `isolate`', async () => {
    using lateness = new Lateness()
    const shares: number[] = []
    const onProgress = (event: TrainEvent) => {
      if (event.type !== 'step') return
      const longest = lateness.longest()
      // Not the first: whatever is made once is made there.
      if (event.step > 0) shares.push(longest / event.stepSeconds)
    }
    // Steps of some hundred milliseconds.
    const data = 'synthetic:scenes,count=240,size=32'
    const size = { encoder: { width: 0.25, stem: 'cifar' }, batchSize: 40, imageSize: 32, epochs: 1 } as const
    await trained({ ...tiny, ...size, data, out: path('run'), onProgress })
    expect(shares).to.have.length(5)
    expect(median(shares)).to.be.above(0).and.below(mostShare)
  })

  it('would be seen to be held up', async () => {
    using lateness = new Lateness()
    const shares: number[] = []
    for (let i = 0; i < 5; i++) {
      await setTimeout(5)
      lateness.longest()
      const end = performance.now() + 100
      while (performance.now() < end);
      if (i % 2 === 0) await setTimeout(5) // whether a timer has had its turn by then or not
      shares.push(lateness.longest() / 0.1)
    }
    expect(Math.min(...shares)).to.be.at.least(1)
  })
})
