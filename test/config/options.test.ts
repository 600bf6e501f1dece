import { expect } from 'chai'
import { SimclrError } from '../../lib/addon/errors.ts'
import { flagsOf, optionsFromFlags } from '../../lib/config/flags.ts'
import { listOptions, validate } from '../../lib/config/messages.ts'
import { trainOptions } from '../../lib/config/options.ts'
import { presetNames } from '../../lib/config/settings.ts'

const refusal = (options: unknown): string => {
  try {
    validate(trainOptions, options)
  } catch (error) {
    expect(error).to.be.instanceOf(SimclrError).with.property('code', 'ERR_SIMCLR_INVALID_ARGUMENT')
    return (error as SimclrError).message
  }
  return expect.fail(`accepted ${JSON.stringify(options)}`)
}

/** One value that each option must refuse; a new option without one fails the test below. */
const refused: Record<string, unknown> = {
  preset: 'imgnet',
  convention: 'tf',
  data: 7,
  objective: 'labels',
  init: 3,
  limit: 0,
  limitPerClass: 0.5,
  labelFraction: 0,
  limitSeed: -1,
  imageSize: 7,
  resolution: [{ until: 0.5, size: 4 }],
  views: 0,
  'encoder.arch': 'vgg',
  'encoder.width': 0.3,
  'encoder.stem': 'none',
  'encoder.convention': 'keras',
  'encoder.skRatio': -0.1,
  'head.layers': 2.5,
  'head.dim': 0,
  'head.hidden': 0,
  'head.keep': 8,
  labelSmoothing: 1,
  fineTuneAfterBlock: 5,
  teacher: 7,
  'distillation.temperature': 0,
  'distillation.weight': 0,
  'head.convention': true,
  epochs: -1,
  steps: 0,
  batchSize: 1,
  temperature: 0,
  'loss.scale': 3,
  'loss.normalize': 'yes',
  'optimizer.name': 'adamax',
  'optimizer.beta1': 1,
  'optimizer.beta2': -0.1,
  'optimizer.lr': -0.1,
  'optimizer.encoderLr': -0.1,
  'optimizer.maxGradientNorm': 0,
  'optimizer.momentum': 1.5,
  'optimizer.nesterov': 1,
  'optimizer.weightDecay': Number.NaN,
  'optimizer.convention': '',
  'optimizer.trustCoefficient': 0,
  'optimizer.classicMomentum': 'on',
  'optimizer.epsilon': -1,
  'optimizer.decayAll': 0,
  'schedule.name': 'poly',
  'schedule.milestones': [60, 40],
  'schedule.gamma': 0,
  'schedule.convention': 'x',
  'schedule.scaling': 'cubic',
  'schedule.warmupEpochs': Number.POSITIVE_INFINITY,
  'augment.convention': 'x',
  'augment.cropArea': [0.9, 0.1],
  'augment.cropAspect': [1],
  'augment.flip': 2,
  'augment.verticalFlip': -0.1,
  'augment.quarterTurn': 1.5,
  'augment.quarterTurnMode': '180',
  'augment.jitter': -1,
  'augment.strength': 3,
  'augment.brightness': -1,
  'augment.contrast': -1,
  'augment.saturation': -1,
  'augment.hue': 0.6,
  'augment.brightnessMode': 'divide',
  'augment.hueMode': 'yiq',
  'augment.gray': '0.2',
  'augment.blur': 1.1,
  'augment.blurSigma': [2, 1],
  'augment.solarize': 7,
  'augment.mean': [1, 2],
  'augment.std': [0, 0, 0],
  'probe.everyEpochs': -1,
  'probe.images': 1,
  'probe.k': 0,
  'probe.temperature': -1,
  'probe.linearHead': 'x',
  'validation.data': 3,
  'validation.metric': 'loss',
  'validation.everyEpochs': 0,
  'validation.patience': 0,
  device: 'tpu',
  precision: 'int8',
  recompute: 'on',
  chunkSize: 1,
  cudaGraph: 'maybe',
  threads: 'many',
  processes: 0,
  maxRestarts: -1,
  'distributed.syncBatchNorm': 'global',
  'distributed.globalNegatives': 1,
  'distributed.compressGradients': 'bf16',
  'distributed.timeoutSeconds': 0,
  seed: -1,
  stream: 'yes',
  maxSkipped: 2,
  out: '',
  resume: true,
  'checkpoint.everySeconds': 0,
  'checkpoint.everySteps': 1.5,
  'checkpoint.everyEpochs': -1,
  'checkpoint.keep': 0,
  report: 'no',
  isolate: 'yes',
  signal: {},
  onProgress: 'print',
}

const nest = (name: string, value: unknown): unknown =>
  name.split('.').reduceRight((inner, key) => ({ [key]: inner }), value)

describe('train options', () => {
  for (const { name, doc } of listOptions(trainOptions)) {
    it(`refuses a wrong \`${name}\` with what was expected and what came`, () => {
      expect(refused).to.have.property(name)
      const message = refusal(nest(name, refused[name]))
      expect(message.startsWith(`Expected ${doc.expected} for \`${name}\` but received `), message).to.equal(
        true,
      )
      expect(message).to.contain(`(${doc.default})`)
    })
  }

  it('shows the value as it was written', () => {
    expect(refusal({ epochs: -1 })).to.match(
      /^Expected an integer of at least 1 for `epochs` but received -1\. /,
    )
    expect(refusal({ epochs: '3' })).to.contain("but received '3'.")
    expect(refusal({ epochs: null })).to.contain('but received null.')
  })

  it('says which integer is the largest where one is larger', () => {
    expect(refusal({ seed: 2 ** 60 })).to.match(
      /^Expected an integer of at least 0, at most 9007199254740991 \(2\^53 - 1\), for `seed` but received 115292150460684\d+\. /,
    )
    expect(refusal({ checkpoint: { everySteps: 2 ** 53 } })).to.contain(
      '9007199254740991 (2^53 - 1), for `checkpoint.',
    )
    for (const seed of [-1, 0.5, Number.POSITIVE_INFINITY]) expect(refusal({ seed })).not.to.contain('2^53')
    expect(refusal({ views: 2 ** 60 })).to.contain('an integer from 1 to 64 for')
    validate(trainOptions, { seed: Number.MAX_SAFE_INTEGER })
  })

  it('names the nearest option for an unknown one', () => {
    expect(refusal({ epoch: 3 })).to.equal(
      'Expected a known option but received `epoch`. Did you mean `epochs`?',
    )
    expect(refusal({ encoder: { widht: 1 } })).to.contain('`encoder.widht`. Did you mean `encoder.width`?')
    expect(refusal({ lr: 0.1 })).to.contain('Did you mean `optimizer.lr`? Known here: data, preset, ')
    expect(refusal({ schedule: { momentum: 0.9 } })).to.equal(
      'Expected a known option but received `schedule.momentum`. Did you mean `optimizer.momentum`? Known here: name, milestones, gamma, convention, scaling, warmupEpochs.',
    )
    expect(refusal({ zebra: 1 })).to.contain('Known here: ')
  })

  it('reports everything that is wrong at once', () => {
    expect(refusal({ epochs: -1, batchsize: 3, head: { dim: 0 } }).split('\n')).to.have.length(3)
  })

  it('refuses what is no object', () => {
    for (const value of [null, 7, 'x', []]) expect(refusal(value)).to.match(/^Expected an object of options/)
  })
})

describe('command-line flags', () => {
  const flags = flagsOf(trainOptions)

  it('has one for every option that is not a function or an object, all different', () => {
    const names = flags.map(({ flag }) => flag)
    expect(new Set(names).size).to.equal(names.length)
    expect(names).to.include.members([
      ...['data', 'preset', 'arch', 'width', 'stem', 'convention', 'image-size', 'batch-size', 'epochs'],
      ...[
        'limit',
        'precision',
        'optimizer',
        'lr',
        'temperature',
        'device',
        'threads',
        'seed',
        'out',
        'resume',
      ],
      'checkpoint-every-seconds',
    ])
    for (const flag of names) expect(flag).to.match(/^[a-z]+(-[a-z]+\d?)*$/)
  })

  it('reads numbers, switches, lists and null as the option wants them', () => {
    const options = optionsFromFlags(trainOptions, {
      epochs: '3',
      seed: '0',
      threads: 'auto',
      out: '7',
      'optimizer.nesterov': 'on',
      'loss.normalize': 'off',
      'augment.cropArea': '0.2,1',
      'augment.mean': 'none',
      'checkpoint.everySeconds': '1.5',
      resolution: '[{"until":0.5,"size":16}]',
      'schedule.milestones': '60,80',
    })
    expect(options).to.deep.equal({
      epochs: 3,
      seed: 0,
      threads: 'auto',
      out: '7',
      optimizer: { nesterov: true },
      loss: { normalize: false },
      augment: { cropArea: [0.2, 1], mean: null },
      checkpoint: { everySeconds: 1.5 },
      resolution: [{ until: 0.5, size: 16 }],
      schedule: { milestones: [60, 80] },
    })
    const alone = optionsFromFlags(trainOptions, { 'schedule.milestones': '60', epochs: '90' })
    expect(alone).to.deep.equal({ schedule: { milestones: [60] }, epochs: 90 })
    validate(trainOptions, options)
  })

  it('takes null and none for null where the option may be that, a path too, which is then ./null', () => {
    const read = (raw: string) =>
      optionsFromFlags(trainOptions, { 'validation.data': raw, init: raw, teacher: raw, 'head.hidden': raw })
    for (const raw of ['null', 'none']) {
      const nothing = { validation: { data: null }, init: null, teacher: null, head: { hidden: null } }
      expect(read(raw)).to.deep.equal(nothing)
    }
    expect(read('./null')).to.deep.include({ validation: { data: './null' }, init: './null' })
    const others = optionsFromFlags(trainOptions, { out: 'null', 'schedule.scaling': 'none' })
    expect(others).to.deep.equal({ out: 'null', schedule: { scaling: 'none' } })
    expect(refusal(optionsFromFlags(trainOptions, { epochs: 'null' }))).to.contain(
      "`epochs` but received 'null'",
    )
  })

  it('shows what a switch can be set to and that it means on alone, and refuses all else', () => {
    const value = (name: string) => flags.find(({ flag }) => flag === name)?.value
    expect([value('recompute'), value('cuda-graph')]).to.deep.equal(['[on|off]', '[auto|on|off]'])
    expect(() => optionsFromFlags(trainOptions, { cudaGraph: 'x' })).to.throw(
      "Expected auto, on or off for `--cuda-graph` but received 'x'.",
    )
  })

  it('shows what a value looks like', () => {
    const value = (name: string) => flags.find((flag) => flag.name === name)?.value
    const shown = {
      preset: `<${presetNames.join('|')}>`,
      init: '<path>',
      resume: '<path>',
      device: '<auto|cpu|cuda|cuda:N>',
      threads: '<number>',
      'loss.scale': '<1|2>',
      'encoder.width': '<number>',
      'checkpoint.everySeconds': '<seconds>',
      'augment.cropArea': '<low,high>',
      'augment.mean': '<r,g,b>',
      resolution: '<json>',
      'schedule.milestones': '<epochs,…>',
    }
    for (const [name, expected] of Object.entries(shown)) expect(value(name), name).to.equal(expected)
  })

  it('takes each word that is shown for a value, and both positions of a switch', () => {
    let tried = 0
    for (const { name, schema, doc } of listOptions(trainOptions)) {
      const raws = [...(doc.words ?? []), ...(doc.kind === 'switch' ? ['on', 'off'] : [])]
      for (const raw of raws.map((word) => word.replace(':N', ':1'))) {
        const read = optionsFromFlags(trainOptions, { [name]: raw })
        const value = name.split('.').reduce<unknown>((tree, key) => (tree as never)?.[key], read)
        expect(schema.safeParse(value).success, `${name} ${raw}`).to.equal(true)
        tried++
      }
    }
    expect(tried).to.be.above(60)
  })

  it('leaves nonsense for the validator, as typed', () => {
    expect(refusal(optionsFromFlags(trainOptions, { epochs: 'x' }))).to.contain("`epochs` but received 'x'")
    expect(refusal(optionsFromFlags(trainOptions, { epochs: '-2' }))).to.contain('`epochs` but received -2')
    expect(refusal(optionsFromFlags(trainOptions, { epochs: '' }))).to.contain("`epochs` but received ''")
    expect(refusal(optionsFromFlags(trainOptions, { resolution: '[{' }))).to.contain(
      "`resolution` but received '[{'",
    )
  })
})
