import { expect } from 'chai'
import type { NativeLearner } from '../../lib/addon/interface.ts'
import type { ResolvedConfig } from '../../lib/config/resolved.ts'
import { cosineSchedule } from '../../lib/config/schedule.ts'
import type { TrainEvent } from '../../lib/run/events.ts'
import { Recorder } from '../../lib/run/recorder.ts'
import { Session, type SessionParts, type StepRecord } from '../../lib/run/session.ts'

const result: StepRecord = {
  step: 0,
  lr: 0.1,
  waitSeconds: 0,
  loss: 1,
  contrastiveAccuracy: 0.5,
  entropy: 1,
  probeLoss: null,
  probeAccuracy: null,
  gradientNorm: 1,
  lossScale: null,
  skipped: false,
  viewsOn: 'gpu',
  viewsProblem: null,
  replayed: false,
  graphProblem: null,
  augmentSeconds: 0,
  stepSeconds: 1,
}

describe('a session', () => {
  it('tells as warnings why views are made on the CPU and why steps go on without a CUDA graph', async () => {
    const events: TrainEvent[] = []
    const session = new Session({
      path: '/nowhere',
      schedule: {
        convention: 'torch',
        images: 40,
        batchSize: 4,
        epochs: 1,
        steps: null,
        warmupEpochs: 0,
        lr: 0.1,
        scaling: 'none',
        ...cosineSchedule,
      },
      steps: 10,
      step: 0,
      config: {} as ResolvedConfig,
      images: {} as SessionParts['images'],
      classNames: null,
      loader: {} as SessionParts['loader'],
      learner: {} as NativeLearner,
      probe: null,
      validation: null,
      ranks: { fromFirst: async (value) => value as never, atWork: (work) => work() },
      recorder: Recorder.silent(4),
      disk: null,
      tell: (event) => events.push(event),
    })
    await session.record(result)
    expect(events).to.deep.equal([])
    await session.record({ ...result, step: 1, graphProblem: 'no capture here' })
    expect(events).to.deep.equal([
      { type: 'warning', message: 'Steps go on without a CUDA graph: no capture here' },
    ])
    await session.record({ ...result, step: 2, viewsOn: 'cpu', viewsProblem: 'no room there' })
    expect(events.slice(1)).to.deep.equal([
      { type: 'warning', message: 'Views are made on the CPU: no room there' },
    ])
    await session.record({ ...result, step: 3, viewsOn: 'cpu' })
    expect(events).to.have.length(2)
  })
})
