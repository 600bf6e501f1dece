import { expect } from 'chai'
import { describeSetting, readTuned, settingFlags, type Tuned, tune } from '../../bench/measure/setting.ts'

/** Notes what is tried and says how fast it is. */
function rated(rate: (setting: Tuned) => number) {
  const tried: string[] = []
  const note = (setting: Tuned) => {
    tried.push(describeSetting(setting))
    return rate(setting)
  }
  return { tried, note }
}

describe('the settings of a peer', () => {
  it('are tried in both memory formats, and the fastest is the peer', () => {
    const contiguousIsFaster = ({ workers, threads, memoryFormat }: Tuned) =>
      workers + threads + (memoryFormat === 'contiguous' ? 10 : 0)
    const { tried, note } = rated(contiguousIsFaster)
    expect(tune(2, undefined, note)).to.deep.equal({ workers: 2, threads: 2, memoryFormat: 'contiguous' })
    expect(tried).to.deep.equal([
      '0 workers, 1 thread, channels_last',
      '0 workers, 2 threads, channels_last',
      '1 worker, 1 thread, channels_last',
      '1 worker, 2 threads, channels_last',
      '2 workers, 1 thread, channels_last',
      '2 workers, 2 threads, channels_last',
      '2 workers, 2 threads, contiguous',
      '1 worker, 2 threads, contiguous',
    ])
    const channelsLastIsFaster = (setting: Tuned) => -contiguousIsFaster(setting)
    expect(tune(2, undefined, channelsLastIsFaster)).to.deep.equal({
      workers: 0,
      threads: 1,
      memoryFormat: 'channels_last',
    })
  })

  it('of which some are known: the rest is tried', () => {
    const { tried, note } = rated(({ memoryFormat }) => (memoryFormat === 'contiguous' ? 2 : 1))
    const best = { workers: 1, threads: 2, memoryFormat: 'contiguous' } as const
    expect(tune(2, { workers: 1, threads: 2 }, note)).to.deep.equal(best)
    expect(tried).to.deep.equal(['1 worker, 2 threads, channels_last', '1 worker, 2 threads, contiguous'])
    expect(tune(2, best, () => expect.fail('tried'))).to.deep.equal(best)
  })

  it('are read from flags, each precision’s', () => {
    expect(readTuned(['bf16=2,1', 'fp32=0,2,contiguous'])).to.deep.equal({
      bf16: { workers: 2, threads: 1 },
      fp32: { workers: 0, threads: 2, memoryFormat: 'contiguous' },
    })
    for (const wrong of ['2,1', 'bf16=2', 'fp64=2,1', 'bf16=2,0', 'bf16=2,1,nchw']) {
      expect(() => readTuned([wrong])).to.throw(
        `Expected PRECISION=WORKERS,THREADS or PRECISION=WORKERS,THREADS,channels_last|contiguous, such as bf16=2,1, for --tuned but received ${wrong}.`,
      )
    }
  })

  it('are flags of the peers’ scripts', () => {
    expect(settingFlags({ workers: 2, threads: 1, memoryFormat: 'contiguous' }).join(' ')).to.equal(
      '--workers 2 --threads 1 --memory-format contiguous',
    )
  })
})
