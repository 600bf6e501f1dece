import { appendFileSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { expect } from 'chai'
import type { EpochEvent, StepEvent } from '../../lib/run/events.ts'
import { RunFolder } from '../../lib/run/folder.ts'
import { MetricsLog, readMetrics } from '../../lib/run/metrics.ts'
import { Recorder } from '../../lib/run/recorder.ts'
import { temporaryFolder } from '../support/folder.ts'

const step = (number: number) => ({ type: 'step', step: number, epoch: 0, loss: number / 7 }) as StepEvent
const epoch = (stepsDone: number) => ({ type: 'epoch', epoch: 0, step: stepsDone, loss: 0.1 }) as EpochEvent

describe('metrics.jsonl', () => {
  const path = temporaryFolder()

  it('has one line for each metric, exact to the last bit', async () => {
    const { log, kept } = await MetricsLog.open(path('a.jsonl'), { step: 0, epoch: null })
    expect(kept).to.deep.equal([])
    const metrics = [step(0), step(1), epoch(2)]
    for (const metric of metrics) log.write(metric)
    await log.close()
    expect(readFileSync(path('a.jsonl'), 'utf8').trimEnd().split('\n')).to.have.length(3)
    expect(await readMetrics(path('a.jsonl'))).to.deep.equal(metrics)
  })

  it('goes on where a checkpoint was: later lines and torn ones are taken out', async () => {
    const file = path('b.jsonl')
    const first = await MetricsLog.open(file, { step: 0, epoch: null })
    for (const metric of [step(0), step(1), epoch(2), step(2), step(3), epoch(4)]) first.log.write(metric)
    await first.log.close()
    appendFileSync(file, '{"type":"step","st')
    const { log, kept } = await MetricsLog.open(file, { step: 3, epoch: null })
    expect(kept).to.deep.equal([step(0), step(1), epoch(2), step(2)])
    log.write(step(3))
    await log.close()
    expect(await readMetrics(file)).to.deep.equal([step(0), step(1), epoch(2), step(2), step(3)])
  })

  it('forgets the end of an epoch that goes on, as where a run is given more steps', async () => {
    const file = path('c.jsonl')
    const first = await MetricsLog.open(file, { step: 0, epoch: null })
    for (const metric of [step(0), step(1), epoch(2)]) first.log.write(metric)
    await first.log.close()
    const { log, kept } = await MetricsLog.open(file, { step: 2, epoch: 0 })
    await log.close()
    expect(kept).to.deep.equal([step(0), step(1)])
    expect(await readMetrics(file)).to.deep.equal(kept)
  })

  it('leaves out lines that are no metrics, and goes on without the steps of an epoch', async () => {
    mkdirSync(path('odd'))
    const folder = await RunFolder.open(path('odd'))
    const odd = ['5', 'null', '[]', '{}', '{"type":"later","step":1}', '{"type":"step","step":"1"}']
    writeFileSync(folder.metrics, [...odd, JSON.stringify(epoch(2)), ''].join('\n'))
    expect(await readMetrics(folder.metrics)).to.deep.equal([epoch(2)])
    const recorder = await Recorder.open(folder, { step: 2, epoch: null }, 4, () => {})
    expect(recorder.history).to.deep.equal([epoch(2)])
    await recorder.close()
    await folder.close()
  })
})
