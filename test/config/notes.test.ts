import { expect } from 'chai'
import type { DataFacts, MachineFacts } from '../../lib/config/facts.ts'
import { listOptions } from '../../lib/config/messages.ts'
import { trainOptions } from '../../lib/config/options.ts'
import { forRerun } from '../../lib/config/rerun.ts'
import { resolve } from '../../lib/config/resolve.ts'
import type { TrainSettings } from '../../lib/config/settings.ts'
import { readings } from '../../lib/config/unread.ts'
import { ops } from '../../lib/index.ts'
import type { LarsOptions } from '../../lib/ops/optimizer.ts'

const machine: MachineFacts = { cores: 4, devices: ['cpu'], gpuProblem: 'No driver.', bf16Speed: () => 2 }
const few: DataFacts = { images: 320, imageSize: 32, labelled: true, isDefault: false }
/** But for those that begin otherwise. */
const notesOf = (begin: string, settings: TrainSettings, data = few, ranks = 1) =>
  resolve(settings, { data, machine: { ...machine, ranks } }).notes.filter((note) => note.startsWith(begin))

describe('a note on the warm-up', () => {
  const notes = (settings: TrainSettings) => notesOf('The warm-up', settings)

  it('tells where it ends of a warm-up that is longer than the run, or as long', () => {
    const longer = { preset: 'quick', epochs: 1, schedule: { warmupEpochs: 10 } } as const
    expect(notes(longer)).to.deep.equal([
      'The warm-up is as long as the run or longer: `schedule.warmupEpochs` is 10 epochs (50 steps), the run 1 epoch (5 steps). It ends at a learning rate of 0.01; the peak is 0.1. Shorten the warm-up, or train for longer.',
    ])
    for (const convention of ['torch', 'paper'] as const) {
      const schedule = (warmupEpochs: number) => ({ convention, warmupEpochs })
      const run = { preset: 'quick', epochs: 2 } as const
      expect(notes({ ...run, schedule: schedule(2) }).join()).to.match(
        /2 epochs \(10 steps\).* of 0\.1; the peak is 0\.1\./,
      )
      expect(notes({ ...run, schedule: schedule(1) })).to.deep.equal([])
    }
    const steps = { preset: 'quick', steps: 3, schedule: { warmupEpochs: 0.8 } } as const
    expect(notes(steps).join()).to.match(/0\.8 epochs \(4 steps\), the run 1 epoch \(3 steps\)/)
  })

  it('has nothing to say of one that nobody chose: it is shortened, to part of an epoch too', () => {
    for (const length of [{ epochs: 1 }, { steps: 1 }, { steps: 3 }, { epochs: 100, steps: 3 }]) {
      expect(notes({ preset: 'cifar', batchSize: 32, ...length }), JSON.stringify(length)).to.deep.equal([])
    }
  })
})

describe('a note on the number of steps', () => {
  const notes = (settings: TrainSettings, images: number) =>
    notesOf('The run has', settings, { ...few, images })

  it('tells how many few are, what they come from and what to change', () => {
    expect(notes({ preset: 'cifar' }, 600)).to.deep.equal([
      'The run has 118 steps in all: 100 epochs of 600 images in batches of 512. Some hundreds are the least to learn from. Lower `batchSize`, raise `epochs`, or add images.',
    ])
    expect(notes({ preset: 'fine-tune', batchSize: 256 }, 400).join()).to.match(
      /^The run has 30 steps in all: 30 epochs of 400 images in batches of 256, 144 of them left out of each epoch\. /,
    )
    expect(notes({ preset: 'fine-tune', epochs: 5 }, 200).join()).to.match(
      / Raise `epochs`, or add images\.$/,
    )
  })

  it('has nothing to say of some hundreds, nor of `steps` that somebody wanted', () => {
    expect(notes({ preset: 'cifar' }, 10_000)).to.deep.equal([])
    expect(notes({ preset: 'cifar', steps: 10 }, 600)).to.deep.equal([])
    expect(notes({ preset: 'fine-tune' }, 200)).to.deep.equal([])
  })
})

describe('a note on the size of views', () => {
  const notes = (settings: TrainSettings, imageSize: number | null) =>
    notesOf('Views', settings, { ...few, images: 50_000, imageSize })

  it('tells of images that a preset blows up, unless that was asked for', () => {
    expect(notes({ preset: 'imagenet' }, 96)).to.deep.equal([
      'Views of 224 px (`imageSize`) are made of images of 96 px: 5.44 times the pixels, with nothing more in them. Set `imageSize` to 96 or near.',
    ])
    expect(notes({ preset: 'imagenet', imageSize: 224 }, 96)).to.deep.equal([])
    for (const size of [28, 64, 96, 400, null]) expect(notes({}, size), `${size} px`).to.deep.equal([])
  })
})

describe('a note on milestones', () => {
  it('tells of those that the run does not come to', () => {
    const notes = (milestones: number[]) =>
      notesOf('The run ends', { preset: 'torch', epochs: 60, schedule: { name: 'step', milestones } })
    expect(notes([30, 60, 80])).to.deep.equal([
      'The run ends before 60, 80 of `schedule.milestones`: it has 60 epochs. The learning rate does not fall there. Name earlier epochs, or train for longer.',
    ])
    expect(notes([30, 59])).to.deep.equal([])
  })
})

describe('a note on LARS without decay', () => {
  const notes = (settings: TrainSettings) => notesOf('LARS', { preset: 'torch', ...settings })

  it('says that it is SGD in the torch convention, and nothing where it adapts', () => {
    expect(notes({ optimizer: { name: 'lars', weightDecay: 0 } })).to.deep.equal([
      "LARS in the convention 'torch' adapts the learning rate of what decays alone, as lightly's does, and `optimizer.weightDecay` is 0: this is SGD at LARS's learning rate. Set a decay, `optimizer.convention` to 'paper', or `optimizer.name` to 'sgd'.",
    ])
    for (const settings of [
      { optimizer: { name: 'lars' } },
      { optimizer: { name: 'lars', weightDecay: 0, convention: 'paper' } },
      { optimizer: { weightDecay: 0 } },
      { preset: 'fine-tune', optimizer: { name: 'lars' } },
    ] as const)
      expect(notes(settings), JSON.stringify(settings)).to.deep.equal([])
  })

  it('is true: two rates of trust, two epsilons, one step', () => {
    const step = (options: LarsOptions) => {
      const weight = Float64Array.of(1, -2, 3)
      const variable = { weight, gradient: Float64Array.of(0.1, 0.2, -0.3), momentum: new Float64Array(3) }
      ops.lars([variable], 0.3, { convention: 'torch', weightDecay: 0, ...options })
      return [...weight]
    }
    const sgd = { weight: Float64Array.of(1, -2, 3), gradient: Float64Array.of(0.1, 0.2, -0.3) }
    ops.sgd([{ ...sgd, momentum: new Float64Array(3) }], 0.3)
    for (const options of [{}, { trustCoefficient: 0.1 }, { epsilon: 0.5 }])
      expect(step(options), JSON.stringify(options)).to.deep.equal([...sgd.weight])
  })
})

describe('a note on options that a run never reads', () => {
  const notes = (settings: TrainSettings, ranks = 1) => notesOf('Options', settings, few, ranks)
  const cases: [settings: TrainSettings, note: string | null][] = [
    [
      { preset: 'quick', optimizer: { beta1: 0.9, epsilon: 1e-8, trustCoefficient: 0.1, momentum: 0.8 } },
      "`optimizer.beta1`, `optimizer.trustCoefficient`, `optimizer.epsilon` (`optimizer.name` is 'sgd')",
    ],
    [
      {
        optimizer: { name: 'adam', momentum: 0.8, trustCoefficient: 0.1, classicMomentum: false, beta1: 0.8 },
      },
      "`optimizer.momentum`, `optimizer.trustCoefficient`, `optimizer.classicMomentum` (`optimizer.name` is 'adam')",
    ],
    [
      { preset: 'paper', optimizer: { epsilon: 1e-3, decayAll: true, classicMomentum: false } },
      "`optimizer.decayAll` (`optimizer.name` is 'lars'); `optimizer.epsilon` (`optimizer.name` is 'lars' and `optimizer.convention` is 'paper')",
    ],
    [
      { preset: 'paper', optimizer: { convention: 'torch', epsilon: 1e-3, classicMomentum: true } },
      "`optimizer.classicMomentum` (`optimizer.convention` is 'torch')",
    ],
    [
      { distillation: { temperature: 2, weight: 0.5 } },
      "`distillation.temperature`, `distillation.weight` (`objective` is 'contrastive')",
    ],
    [
      { objective: 'supervised', temperature: 0.1, head: { layers: 3, hidden: 64 } },
      "`temperature` (`objective` is 'supervised'); `head.layers`, `head.hidden` (`objective` is 'supervised' and `head.keep` is 0)",
    ],
    [
      { objective: 'supervised', head: { layers: 3, keep: 1, dim: 64 } },
      "`head.dim` (`objective` is 'supervised')",
    ],
    [
      { augment: { jitter: 0, hueMode: 'fast', blur: 0, blurSigma: [1, 2], quarterTurnMode: 'left' } },
      '`augment.hueMode` (`augment.jitter` is 0); `augment.blurSigma` (`augment.blur` is 0); `augment.quarterTurnMode` (`augment.quarterTurn` is 0)',
    ],
    [{ augment: { hue: 0, hueMode: 'fast' } }, '`augment.hueMode` (`augment.hue` is 0)'],
    [
      { probe: { everyEpochs: 0, k: 5 }, validation: { everyEpochs: 2 } },
      '`probe.k` (`probe.everyEpochs` is 0 and `validation.data` is null); `validation.everyEpochs` (`validation.data` is null)',
    ],
    [{ probe: { everyEpochs: 0, k: 5 }, validation: { data: 'held', everyEpochs: 2 } }, null],
    [{ augment: { blur: 0.5, blurSigma: [1, 2], quarterTurn: 0.5, quarterTurnMode: 'left' } }, null],
    [
      { head: { layers: 0, dim: 64, hidden: 64, convention: 'torch' } },
      '`head.dim`, `head.hidden`, `head.convention` (`head.layers` is 0)',
    ],
    [{ head: { layers: 1, dim: 64, hidden: 64 } }, '`head.hidden` (`head.layers` is 1)'],
    [{ head: { layers: 3, hidden: 64 } }, null],
    [
      { distributed: { syncBatchNorm: false, globalNegatives: false, compressGradients: true } },
      '`distributed.syncBatchNorm`, `distributed.globalNegatives`, `distributed.compressGradients` (there is one process)',
    ],
    [
      { preset: 'torch', optimizer: { weightDecay: 0, decayAll: true } },
      '`optimizer.decayAll` (`optimizer.weightDecay` is 0)',
    ],
    [
      { preset: 'torch', optimizer: { name: 'lars', weightDecay: 0, trustCoefficient: 0.1, epsilon: 1e-3 } },
      "`optimizer.trustCoefficient`, `optimizer.epsilon` (`optimizer.convention` is 'torch' and `optimizer.weightDecay` is 0)",
    ],
    [
      {
        preset: 'torch',
        optimizer: { name: 'lars', weightDecay: 1e-6, trustCoefficient: 0.1, epsilon: 1e-3 },
      },
      null,
    ],
    [
      {
        probe: { everyEpochs: 0, images: 50, k: 5, temperature: 1 },
        validation: { data: 'held', metric: 'linear' },
      },
      "`probe.k`, `probe.temperature` (`probe.everyEpochs` is 0 and `validation.metric` is 'linear')",
    ],
    [
      { objective: 'supervised', probe: { images: 50 }, validation: { data: 'held' } },
      "`probe.images` (`probe.everyEpochs` is 0 and `validation.metric` is 'classifier')",
    ],
    [{ probe: { everyEpochs: 1, k: 5 }, validation: { data: 'held', metric: 'linear' } }, null],
    [
      { schedule: { milestones: [1, 2], gamma: 0.5 } },
      "`schedule.milestones`, `schedule.gamma` (`schedule.name` is 'cosine')",
    ],
    [{ schedule: { name: 'step', milestones: [1, 2], gamma: 0.5 } }, null],
    [
      { preset: 'fine-tune', fineTuneAfterBlock: 4, optimizer: { encoderLr: 0.1 } },
      '`optimizer.encoderLr` (`fineTuneAfterBlock` is 4 and `head.keep` is 0)',
    ],
    [
      { objective: 'distill', teacher: 'runs/tuned', labelSmoothing: 0.1 },
      "`labelSmoothing` (`objective` is 'distill' and `distillation.weight` is 1)",
    ],
    [{ preset: 'fine-tune', labelSmoothing: 0.1, optimizer: { encoderLr: 0.1 } }, null],
    [{ optimizer: { name: 'adamw', beta1: 0.8, beta2: 0.98, epsilon: 1e-6, decayAll: false } }, null],
  ]
  for (const [settings, note] of cases) {
    it(JSON.stringify(settings), () => {
      const whole = `Options were given that this run never reads: ${note}. It trains as it would without them.`
      expect(notes(settings)).to.deep.equal(note === null ? [] : [whole])
    })
  }

  it('is not for what several processes read', () => {
    const distributed = { syncBatchNorm: false, globalNegatives: false, compressGradients: true }
    expect(notes({ distributed }, 2)).to.deep.equal([])
  })

  it('knows each option by a name that it has', () => {
    const names = listOptions(trainOptions).map(({ name }) => name)
    expect(names).to.include.members(readings.flatMap(({ options, by }) => [...options, ...by]))
  })

  it('is not for what only a configuration has that is handed back, but for what was asked for in it', () => {
    const first = resolve({ preset: 'torch', optimizer: { epsilon: 1e-3 } }, { data: few, machine })
    const again = "`optimizer.epsilon` (`optimizer.name` is 'sgd')"
    for (const settings of [first.config, forRerun({ options: first.config, why: first.why }, {})]) {
      expect(notes(settings as TrainSettings).join()).to.equal(
        `Options were given that this run never reads: ${again}. It trains as it would without them.`,
      )
    }
    for (const preset of ['quick', 'cifar', 'paper', 'fine-tune'] as const) {
      const { config, why } = resolve({ preset }, { data: few, machine })
      expect(notes(config), preset).to.deep.equal([])
      const changed = { optimizer: { ...config.optimizer, name: 'adam', nesterov: false } } as const
      expect(notes({ ...config, ...changed }), preset).to.deep.equal([])
      expect(notes(forRerun({ options: config, why }, {})), preset).to.deep.equal([])
    }
  })
})
