import { expect } from 'chai'
import { learnerSpec } from '../../lib/config/learner-spec.ts'
import { resolve } from '../../lib/config/resolve.ts'
import type { TrainSettings } from '../../lib/config/settings.ts'

const machine = { cores: 4, devices: ['cpu'], gpuProblem: null, bf16Speed: () => 2 }
const cifar = { images: 50_000, imageSize: 32, labelled: true, isDefault: false }
const resolved = (settings: TrainSettings) => resolve(settings, { data: cifar, machine })

describe('what a learner is told', () => {
  it('has label smoothing, rates and clipping, and refuses them where they mean nothing', () => {
    expect(() => resolved({ schedule: { name: 'step' } })).to.throw(
      "Expected epochs, as the schedule 'step' needs them, for `schedule.milestones` but received null.",
    )
    expect(() => resolved({ labelSmoothing: 0.1 })).to.throw(
      "'contrastive' for `labelSmoothing` but received 0.1",
    )
    expect(() => resolved({ optimizer: { encoderLr: 0.1 } })).to.throw(
      'for `optimizer.encoderLr` but received 0.1',
    )
    const tuning = { preset: 'fine-tune', labelSmoothing: 0.1 } as const
    expect(() => resolved({ ...tuning, optimizer: { lr: 0, encoderLr: 0.1 } })).to.throw(
      'a number above 0 with `optimizer.encoderLr` for `optimizer.lr` but received 0.',
    )
    const { config } = resolved({ ...tuning, optimizer: { lr: 0.2, encoderLr: 0.05, maxGradientNorm: 3 } })
    expect(learnerSpec(config, 3)).to.deep.include({
      ...{ labelSmoothing: 0.1, encoderLrScale: 0.25, maxGradientNorm: 3 },
    })
    expect(learnerSpec(resolved({}).config, 0)).to.deep.include({
      ...{ labelSmoothing: 0, encoderLrScale: 1, maxGradientNorm: null },
    })
  })
})
