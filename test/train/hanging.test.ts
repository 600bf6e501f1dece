import { existsSync, readFileSync } from 'node:fs'
import { expect } from 'chai'
import type { TrainOptions } from '../../lib/config/options.ts'
import type { ImageSource } from '../../lib/data/types.ts'
import type { EpochEvent, TrainEvent } from '../../lib/run/events.ts'
import { train } from '../../lib/train.ts'
import { temporaryFolder } from '../support/folder.ts'
import { congruential } from '../support/pixels.ts'
import { rejection } from '../support/rejection.ts'
import { tiny } from '../support/tiny.ts'

describe('a source that stops answering', function () {
  this.timeout(60_000)
  const path = temporaryFolder()
  const reason = new Error('enough')
  const images = congruential(96, 16)

  /** It answers until `hang` is called, and says so when it is asked after that. */
  function source(onAsked: () => void) {
    const state = { hangs: false }
    const silent = new Promise<never>(() => {})
    const read: ImageSource['read'] = (index) => {
      if (!state.hangs) return images[index]!
      onAsked()
      return silent
    }
    const labels = images.map((_, i) => i % 3)
    const data: ImageSource = { name: 'slow', count: 96, imageSize: 16, labels, read }
    return { data, hang: () => (state.hangs = true) }
  }

  it('is not waited for by the look at its images once the signal says so', async () => {
    const stop = new AbortController()
    const { data, hang } = source(() => setImmediate(() => stop.abort(reason)))
    hang()
    const { probe: _, ...options } = tiny
    const run = train({ ...options, data, stream: 'on', out: path('first'), signal: stop.signal })
    expect(await rejection(run)).to.equal(reason)
    expect(existsSync(path('first'))).to.equal(false)
  })

  for (const last of [false, true]) {
    it(`is not waited for by the probe either, which is left out: ${last ? 'after the last' : 'an'} epoch`, async () => {
      const stop = new AbortController()
      const { data, hang } = source(() => setImmediate(() => stop.abort(reason)))
      const onProgress = (event: TrainEvent) => {
        if (event.type === 'step' && event.step === 5) hang()
      }
      const options: TrainOptions = {
        ...{ ...tiny, data, stream: 'on', epochs: last ? 1 : 2, probe: { everyEpochs: 1, images: 90 } },
        ...{ out: path(`probe-${last}`), signal: stop.signal },
      }
      const run = train({ ...options, onProgress, report: true })
      // A run that is at its end when it is stopped is complete, but for what needs images.
      if (last) (await run).encoder.dispose()
      else expect(await rejection(run)).to.equal(reason)
      const epochs = readFileSync(path(`probe-${last}`, 'metrics.jsonl'), 'utf8')
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line) as EpochEvent)
        .filter(({ type }) => type === 'epoch')
      expect(epochs.map(({ step, knn }) => ({ step, knn }))).to.deep.equal([{ step: 6, knn: null }])
      expect(existsSync(path(`probe-${last}`, 'checkpoints', 'step-00000006.safetensors'))).to.equal(true)
      expect(existsSync(path(`probe-${last}`, 'encoder.safetensors'))).to.equal(true)
    })
  }
})
