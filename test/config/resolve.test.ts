import { expect } from 'chai'
import type { DataFacts, MachineFacts } from '../../lib/config/facts.ts'
import { validate } from '../../lib/config/messages.ts'
import { trainOptions } from '../../lib/config/options.ts'
import { presets } from '../../lib/config/presets.ts'
import { reasonBefore, sayReason } from '../../lib/config/reason.ts'
import { resolve } from '../../lib/config/resolve.ts'
import type { ResolvedConfig } from '../../lib/config/resolved.ts'
import { cosineSchedule } from '../../lib/config/schedule.ts'
import { type PresetName, presetNames, type TrainSettings } from '../../lib/config/settings.ts'

const machine: MachineFacts = { cores: 4, devices: ['cpu'], gpuProblem: 'No driver.', bf16Speed: () => 2 }
const cifar: DataFacts = { images: 50_000, imageSize: 32, labelled: true, isDefault: false }
const photos: DataFacts = { images: 1_281_167, imageSize: 400, labelled: false, isDefault: false }

/** With the reasons as people read them. */
const resolved = (settings: TrainSettings, data = cifar, on = machine, previous?: ResolvedConfig) => {
  const { why, ...resolution } = resolve(settings, { data, machine: on, previous })
  const said = Object.entries(why).map(([name, reason]) => [name, sayReason(reason)] as const)
  return { ...resolution, why: Object.fromEntries(said) }
}

/** What a preset cannot do without. */
const needed = (preset: PresetName): TrainSettings =>
  preset === 'distill' ? { preset, teacher: 'runs/tuned' } : { preset }

describe('presets', () => {
  it('torch: lightly and torchvision', () => {
    const { config } = resolved({ preset: 'torch' })
    expect(config).to.deep.include({ convention: 'torch', batchSize: 256, temperature: 0.5, imageSize: 32 })
    expect(config.encoder).to.deep.include({ arch: 'resnet18', width: 1, convention: 'torch' })
    expect(config.optimizer).to.deep.include({ name: 'sgd', lr: 0.06, momentum: 0.9, weightDecay: 5e-4 })
    expect(config.schedule).to.deep.equal({
      ...cosineSchedule,
      ...{ convention: 'torch', scaling: 'linear', warmupEpochs: 1 },
    })
    expect(config.loss).to.deep.equal({ scale: 1, normalize: true })
    expect(config.augment).to.deep.include({ strength: 0.5, blur: 0, mean: [0.485, 0.456, 0.406] })
    const large = resolved({ preset: 'torch' }, photos).config
    expect(large.augment).to.deep.include({ strength: 1, brightness: 0.8, hue: 0.2, blur: 0.5 })
    expect(large.temperature).to.equal(0.5)
  })

  it('paper: CIFAR constants up to 32 px, ImageNet constants above', () => {
    const small = resolved({ preset: 'paper' }).config
    expect(small).to.deep.include({ epochs: 1000, batchSize: 1024, temperature: 0.5 })
    expect(small.encoder).to.deep.include({ arch: 'resnet50', stem: 'cifar', convention: 'paper' })
    expect(small.optimizer).to.deep.include({ name: 'lars', lr: 1, trustCoefficient: 0.001 })
    expect(small.augment).to.deep.include({ strength: 0.5, blur: 0, mean: null })
    const large = resolved({ preset: 'paper' }, photos).config
    expect(large).to.deep.include({ batchSize: 4096, temperature: 0.1, imageSize: 224 })
    expect(large.encoder.stem).to.equal('imagenet')
    expect(large.optimizer).to.deep.include({ lr: 0.3, weightDecay: 1e-6 })
    expect(large.schedule).to.deep.include({ convention: 'paper', scaling: 'linear', warmupEpochs: 10 })
    expect(large.loss.scale).to.equal(2)
    expect(large.augment).to.deep.include({ strength: 1, blur: 0.5, brightness: 0.8, hue: 0.2 })
  })

  it('all but paper build the geometry torchvision can load', () => {
    for (const preset of presetNames) {
      const { convention } = resolved(needed(preset)).config.encoder
      expect(convention, preset).to.equal(preset === 'paper' ? 'paper' : 'torch')
    }
  })

  it('of classifiers say nothing of NT-Xent and colours, which have values when options bring them back', () => {
    for (const preset of ['fine-tune', 'distill'] as const) {
      const recipe = presets[preset].settings(32)
      expect(recipe, preset).not.to.have.property('temperature')
      expect(recipe.augment, preset).to.deep.equal({ jitter: 0, gray: 0, blur: 0 })
    }
    const sizes = [32, 224] as const
    const back = sizes.map((imageSize) => {
      const options = { preset: 'fine-tune', objective: 'contrastive', imageSize, views: 2 } as const
      return resolved({ ...options, augment: { jitter: 0.8 } }).config
    })
    expect(back.map(({ temperature }) => temperature)).to.deep.equal([0.5, 0.1])
    expect(back.map(({ augment }) => augment.brightness)).to.deep.equal([0.4, 0.8])
  })

  it('is chosen by the data where none is named', () => {
    expect(resolved({}, { ...cifar, isDefault: true }).config.preset).to.equal('sample')
    expect(resolved({}).config.preset).to.equal('cifar')
    expect(resolved({}, photos).config.preset).to.equal('imagenet')
  })

  it('that nobody named leaves images from 32 to 128 px their size, one that was named does not', () => {
    const sizes = (settings: TrainSettings) =>
      [28, 32, 64, 96, 128, 129, null].map(
        (imageSize) => resolved(settings, { ...cifar, imageSize }).config.imageSize,
      )
    expect(sizes({})).to.deep.equal([32, 32, 64, 96, 128, 224, 224])
    expect(sizes({ preset: 'torch' })).to.deep.equal([28, 32, 64, 96, 128, 224, 224])
    expect(sizes({ preset: 'cifar' })).to.deep.equal(Array(7).fill(32))
    expect(sizes({ preset: 'imagenet' })).to.deep.equal(Array(7).fill(224))
    const stl = resolved({}, { ...cifar, imageSize: 96 })
    expect(stl.config).to.include({ preset: 'imagenet', imageSize: 96 })
    expect(stl.config.augment).to.include({ strength: 1, blur: 0.5 })
    expect(stl.why.imageSize).to.equal('the images')
    expect(resolved({}, { ...cifar, imageSize: 64 }).config.preset).to.equal('cifar')
    expect(resolved({}, { ...cifar, imageSize: 64, isDefault: true }).config.imageSize).to.equal(32)
  })
})

describe('resolve', () => {
  it('low-to-high resolution ends at imageSize', () => {
    const resolution = [{ until: 0.5, size: 16 }]
    expect(resolved({ resolution }).config.resolution).to.deep.equal(resolution)
    expect(() => resolved({ resolution, imageSize: 15 })).to.throw(
      'Expected at most `imageSize` (15) for `resolution[0].size` but received 16.',
    )
  })

  it('leaves nothing open, says who decided each value, and resolves to itself', () => {
    for (const preset of presetNames) {
      const first = resolved(needed(preset))
      validate(trainOptions, first.config)
      const again = resolve(first.config, { data: cifar, machine })
      expect(again.config).to.deep.equal(first.config)
      expect(again.plan).to.deep.equal(first.plan)
      const leaves = (value: object, prefix = ''): string[] =>
        Object.entries(value).flatMap(([key, inner]) =>
          inner !== null && typeof inner === 'object' && !Array.isArray(inner)
            ? leaves(inner, `${prefix}${key}.`)
            : [prefix + key],
        )
      expect(Object.keys(first.why)).to.have.members(leaves(first.config))
    }
  })

  it('tells who decided a value apart from what people read of it', () => {
    const { config, why } = resolve({ preset: 'torch', epochs: 3, chunkSize: 64 }, { data: cifar, machine })
    expect(why).to.deep.include({
      epochs: { by: 'option', text: 'option' },
      chunkSize: {
        by: 'option',
        text: 'option',
        note: 'BatchNorm normalises each chunk by its own statistics',
      },
      temperature: { by: 'preset', text: 'preset torch' },
      'loss.scale': { by: 'convention', text: 'convention torch' },
      seed: { by: 'default', text: 'default' },
      threads: { by: 'circumstances', text: 'auto: this machine has 4 cores' },
    })
    const later = resolve({}, { data: cifar, machine: { ...machine, cores: 2 }, previous: config }).why
    const text = 'the run being resumed'
    expect(later.epochs).to.deep.equal({ by: 'resumed', text })
    expect(later.threads).to.deep.equal({ by: 'resumed', text, note: 'this machine has 2 cores' })
    expect(reasonBefore(later.chunkSize!, why.chunkSize)).to.deep.equal(why.chunkSize)
    expect(reasonBefore(later.threads!, why.threads)).to.deep.equal({
      ...why.threads,
      note: 'this machine has 2 cores',
    })
    expect(reasonBefore(later.epochs!, undefined)).to.equal(later.epochs)
  })

  it('lets an option override its preset and says so', () => {
    const { config, why } = resolved({ preset: 'torch', epochs: 3, optimizer: { lr: 0.1 } })
    expect(config.epochs).to.equal(3)
    expect(config.optimizer).to.deep.include({ lr: 0.1, weightDecay: 5e-4 })
    expect(why).to.deep.include({
      epochs: 'option',
      'optimizer.lr': 'option',
      temperature: 'preset torch',
      'loss.scale': 'convention torch',
      'encoder.stem': 'auto: 32 px images',
    })
  })

  it('takes one name for the whole set of conventions, and each alone', () => {
    const all = resolved({ preset: 'torch', convention: 'paper' }).config
    const parts = ['encoder', 'head', 'optimizer', 'schedule', 'augment'] as const
    for (const part of parts) expect(all[part].convention, part).to.equal('paper')
    expect(all.loss.scale).to.equal(2)
    expect(all.augment.mean).to.equal(null)
    expect(resolved({ preset: 'cifar', convention: 'paper' }).config.encoder.convention).to.equal('paper')
    const one = resolved({ preset: 'paper', encoder: { convention: 'torch' } }).config
    expect(parts.map((part) => one[part].convention)).to.deep.equal(['torch', ...Array(4).fill('paper')])
  })

  it("takes the optimizer's own defaults where it is not the preset's", () => {
    const { config, why } = resolved({ preset: 'torch', optimizer: { name: 'lars' } })
    expect(config.optimizer).to.deep.include({
      name: 'lars',
      lr: 0.3,
      weightDecay: 1e-6,
      convention: 'torch',
    })
    expect(config.schedule.warmupEpochs).to.equal(1)
    expect(why['optimizer.lr']).to.equal('optimizer lars')
  })

  it('SGD in the paper convention is the original’s momentum, Nesterov’s with the flags’ rate and decay', () => {
    const { config } = resolved({ preset: 'cifar', optimizer: { name: 'sgd' } })
    expect(config.optimizer).to.deep.include({ lr: 0.3, nesterov: true, momentum: 0.9, weightDecay: 1e-6 })
    const torch = resolved({ preset: 'cifar', convention: 'torch', optimizer: { name: 'sgd' } }).config
    expect(torch.optimizer).to.deep.include({ lr: 0.06, nesterov: false, weightDecay: 5e-4 })
    // SGD never reads a convention of its own, so that none can choose its rate.
    const unread = { name: 'sgd', convention: 'torch' } as const
    expect(resolved({ preset: 'cifar', optimizer: unread }).config.optimizer.lr).to.equal(0.3)
    const still = resolved({ preset: 'cifar', optimizer: { name: 'sgd', momentum: 0 } })
    expect(still.config.optimizer.nesterov).to.equal(false)
    expect(still.why['optimizer.nesterov']).to.equal('`optimizer.momentum` is 0')
  })

  it('another optimizer fine-tunes at rates for fine-tuning: LARS as SimCLR v2, SGD as the paper', () => {
    const tuned = (settings: TrainSettings) => resolved({ preset: 'fine-tune', ...settings }).config
    const lars = tuned({ head: { keep: 1 }, optimizer: { name: 'lars' } })
    expect(lars.optimizer).to.deep.include({ lr: 0.005, weightDecay: 0, convention: 'paper' })
    expect(lars.schedule).to.deep.include({ scaling: 'sqrt', warmupEpochs: 0 })
    const asked = tuned({ convention: 'torch', optimizer: { name: 'lars' } })
    expect(asked.optimizer.convention).to.equal('torch')
    const adam = tuned({ optimizer: { name: 'adam' } })
    expect(adam.optimizer).to.deep.include({ lr: 1e-4, weightDecay: 0 })
    expect(adam.schedule.scaling).to.equal('none')
    expect(tuned({ optimizer: { name: 'adamw' } }).optimizer).to.deep.include({ lr: 1e-4, weightDecay: 0.01 })
    const other = { preset: 'paper', objective: 'supervised', optimizer: { name: 'sgd' } } as const
    expect(resolved(other).config.optimizer).to.deep.include({ lr: 0.05, nesterov: true, weightDecay: 0 })
    const student = { preset: 'torch', objective: 'distill', teacher: 'runs/tuned' } as const
    const distilled = resolved({ ...student, optimizer: { name: 'lars' } }).config
    expect(distilled.optimizer).to.deep.include({ lr: 0.1, weightDecay: 1e-4, convention: 'torch' })
    expect(distilled.schedule.scaling).to.equal('sqrt')
  })

  it('Adam has the learning rate of its libraries, unscaled, and the epsilon of the convention’s', () => {
    const { config, why } = resolved({ preset: 'torch', optimizer: { name: 'adam' } })
    const adam = { name: 'adam', lr: 0.001, beta1: 0.9, beta2: 0.999, epsilon: 1e-8, weightDecay: 1e-6 }
    expect(config.optimizer).to.deep.include({ ...adam, decayAll: true })
    expect(config.schedule).to.deep.include({ convention: 'torch', scaling: 'none', warmupEpochs: 1 })
    expect(why['optimizer.epsilon']).to.equal('optimizer adam')
    const paper = resolved({ preset: 'paper', optimizer: { name: 'adamw' } }).config
    expect(paper.optimizer).to.deep.include({ lr: 0.001, epsilon: 1e-7, weightDecay: 0.01, decayAll: false })
    const mixed = { name: 'adamw', convention: 'torch' } as const
    expect(resolved({ preset: 'paper', optimizer: mixed }).config.optimizer.epsilon).to.equal(1e-8)
    const whole = { preset: 'torch', convention: 'paper', optimizer: { name: 'adam' } } as const
    expect(resolved(whole).config.optimizer.epsilon).to.equal(1e-7)
    const lars = { preset: 'torch', convention: 'paper', optimizer: { name: 'lars' } } as const
    expect(resolved(lars).config.optimizer.epsilon).to.equal(1e-8)
    const given = { name: 'adam', lr: 0.01, beta2: 0.98, epsilon: 1e-6 } as const
    expect(resolved({ optimizer: given }).config.optimizer).to.deep.include(given)
  })

  it('plans the steps in both conventions', () => {
    const data = { ...cifar, images: 1000 }
    const options = { preset: 'torch', epochs: 4, batchSize: 256 } as const
    expect(resolved(options, data).plan).to.deep.equal({ images: 1000, epochs: 4, steps: 12, warmupSteps: 3 })
    const paper = resolved({ ...options, schedule: { convention: 'paper' } }, data).plan
    expect(paper).to.deep.equal({ images: 1000, epochs: 4, steps: 16, warmupSteps: 3 })
    expect(resolved({ ...options, epochs: undefined, steps: 7 }, data).plan).to.deep.include({
      steps: 7,
      epochs: 3,
    })
  })

  it('shortens a warm-up that would be the whole run, unless it was asked for', () => {
    expect(resolved({ preset: 'cifar', epochs: 10 }).config.schedule.warmupEpochs).to.equal(1)
    const asked = { preset: 'cifar', epochs: 10, schedule: { warmupEpochs: 10 } } as const
    expect(resolved(asked).config.schedule.warmupEpochs).to.equal(10)
  })

  it('lowers a batch nobody chose to the images there are', () => {
    const { config, why } = resolved({ preset: 'torch' }, { ...cifar, images: 100 })
    expect(config.batchSize).to.equal(100)
    expect(why.batchSize).to.equal('only 100 images')
  })

  it('takes small batches of few labelled images, unless one was chosen', () => {
    const on = (images: number, settings: TrainSettings = {}) =>
      resolved({ preset: 'fine-tune', ...settings }, { ...cifar, images })
    const counts = [2, 10, 200, 400, 1000, 4095, 4096, 50_000]
    const batches = counts.map((images) => on(images).config.batchSize)
    expect(batches).to.deep.equal([2, 10, 16, 16, 32, 128, 256, 256])
    for (const images of counts.slice(2)) {
      expect(on(images).plan.steps, `${images} images`).to.be.at.least(300)
      expect(on(images).notes, `${images} images`).to.deep.equal([])
    }
    expect(on(200).why.batchSize).to.equal('200 labelled images: so small for an epoch to have steps enough')
    expect(on(200, { batchSize: 64 }).config.batchSize).to.equal(64)
    expect(on(200, { objective: 'contrastive', views: 2 }).config.batchSize).to.equal(200)
    const { config } = on(200, { batchSize: 64 })
    const facts = { data: { ...cifar, images: 200 }, machine, previous: config }
    expect(resolve({}, facts).config.batchSize).to.equal(64)
  })

  it('counts epochs of `steps` in the batch that fits', () => {
    const { config, plan } = resolved({ preset: 'torch', steps: 7 }, { ...cifar, images: 100 })
    expect(config).to.include({ batchSize: 100, steps: 7, epochs: 7 })
    expect(plan).to.deep.include({ steps: 7, epochs: 7 })
  })

  it('refuses a batch or limit that gives no step', () => {
    const few = { ...cifar, images: 100 }
    expect(() => resolved({ batchSize: 128 }, few)).to.throw('for `batchSize` but received 128')
    expect(() => resolved({ batchSize: 128, limit: 100 }, few)).to.throw(
      'Expected at least the batch size (128) for `limit` but received 100.',
    )
    expect(() => resolved({}, { ...cifar, images: 1 })).to.throw('Expected at least 2 images')
  })

  it('picks device and precision by the machine', () => {
    expect(resolved({}).config).to.deep.include({ device: 'cpu', precision: 'bf16', threads: 4 })
    const onProcessor = (speed: number) => resolved({}, cifar, { ...machine, bf16Speed: () => speed })
    expect(onProcessor(2).why.precision).to.equal('auto: cpu multiplies bf16 2.0 times as fast as fp32')
    expect(onProcessor(0.8).config.precision).to.equal('bf16')
    expect(onProcessor(0.55).config.precision).to.equal('fp32')
    expect(onProcessor(0.55).why.precision).to.equal('auto: cpu multiplies bf16 0.55 times as fast as fp32')
    expect(onProcessor(0).config.precision).to.equal('fp32')
    expect(onProcessor(0).why.precision).to.equal('auto: cpu does not compute bf16 in hardware')
    expect(resolved({}).why.device).to.equal('auto: no GPU. No driver.')
    const gpu = { ...machine, devices: ['cpu', 'cuda:0'] }
    expect(resolved({}, cifar, gpu).config).to.deep.include({ device: 'cuda:0', precision: 'bf16' })
    expect(resolved({ device: 'cpu' }, cifar, gpu).config.device).to.equal('cpu')
    expect(() => resolved({ device: 'cuda' }))
      .to.throw('Devices here: cpu. No driver.')
      .with.property('code', 'ERR_SIMCLR_DEVICE')
  })

  it('gives each rank its own GPU, also where the run being resumed names the first rank’s', () => {
    const second = { ...machine, devices: ['cpu', 'cuda:1'], ranks: 2 }
    expect(resolved({ device: 'cuda' }, cifar, second).config.device).to.equal('cuda:1')
    const first = { ...machine, devices: ['cpu', 'cuda:0'], ranks: 2 }
    const { config } = resolved({}, cifar, first)
    expect(resolve({}, { data: cifar, machine: second, previous: config }).config.device).to.equal('cuda:1')
    expect(() => resolved({ device: 'cuda:0' }, cifar, { ...machine, ranks: 2 })).to.throw(
      'Devices here: cpu.',
    )
    expect(() => resolved({ device: 'cuda:0' }, cifar, { ...second, ranks: 1 })).to.throw('cuda:1')
  })

  it('takes no more threads than there are cores now', () => {
    const { config } = resolved({})
    expect(config.threads).to.equal(4)
    const half = resolved({}, cifar, { ...machine, cores: 2 }, config)
    expect(half.config.threads).to.equal(2)
    expect(half.why.threads).to.equal('the run being resumed; this machine has 2 cores')
    const facts = { data: cifar, machine: { ...machine, cores: 2 }, previous: config }
    expect(resolve({ threads: 3 }, facts).config.threads).to.equal(3)
  })

  it('records steps on a GPU unless something is in the way, and says what', () => {
    const gpu = { ...machine, devices: ['cpu', 'cuda:0'] }
    const auto = resolved({}, cifar, gpu)
    expect(auto.config.cudaGraph).to.equal('auto')
    expect(auto.why.cudaGraph).to.equal('auto: on, after three steps of a shape')
    expect(resolved({ cudaGraph: true }, cifar, gpu).config.cudaGraph).to.equal(true)
    expect(resolved({ cudaGraph: false }, cifar, gpu).config.cudaGraph).to.equal(false)
    for (const [settings, on, obstacle] of [
      [{}, machine, 'a CPU has nothing to record'],
      [{ device: 'cpu' }, gpu, 'a CPU has nothing to record'],
      [{}, { ...gpu, ranks: 2 }, 'with several processes the host watches over every step'],
      [{ precision: 'fp16' }, gpu, 'in fp16 the host decides'],
      [{ precision: 'fp64' }, gpu, 'in fp64 the optimizer'],
      [{ chunkSize: 64 }, gpu, '`chunkSize` is for want of memory'],
    ] as const) {
      const { config, why } = resolved(settings, cifar, on)
      expect(config.cudaGraph).to.equal(false)
      expect(why.cudaGraph)
        .to.match(/^auto: /)
        .and.contain(obstacle)
      expect(() => resolved({ ...settings, cudaGraph: true }, cifar, on))
        .to.throw(
          `Expected 'auto' or false for \`cudaGraph\` but received true. It cannot be on here: ${obstacle}`,
        )
        .with.property('code', 'ERR_SIMCLR_INVALID_ARGUMENT')
    }
  })

  it('refuses options that cannot go together', () => {
    expect(() => resolved({ preset: 'torch', encoder: { skRatio: 0.0625 } })).to.throw('`encoder.skRatio`')
    expect(() => resolved({ optimizer: { nesterov: true, momentum: 0 } })).to.throw('`optimizer.momentum`')
    for (const name of ['adam', 'adamw'] as const) {
      expect(() => resolved({ optimizer: { name, nesterov: true } })).to.throw('`optimizer.nesterov`')
      expect(() => resolved({ optimizer: { name, epsilon: 0 } })).to.throw('`optimizer.epsilon`')
      expect(resolved({ optimizer: { name, momentum: 0 } }).config.optimizer.name).to.equal(name)
    }
    expect(() => resolved({ probe: { linearHead: true } }, photos)).to.throw('`probe.linearHead`')
    expect(() => resolved({ probe: { everyEpochs: 1 } }, photos)).to.throw('`probe.everyEpochs`')
    const whyUnlabelled = 'all its images lie in one folder'
    for (const probe of [{ linearHead: true }, { everyEpochs: 1 }])
      expect(() => resolved({ probe }, { ...photos, whyUnlabelled })).to.throw(
        `no labels: ${whyUnlabelled}. `,
      )
    expect(() => resolved({ precision: 'tf32' })).to.throw('`precision`')
    expect(resolved({ precision: 'fp16' }).config.precision).to.equal('fp16')
    expect(() => resolved({ precision: 'tf32' })).to.throw('tf32 needs a GPU')
  })
})
