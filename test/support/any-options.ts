import fc from 'fast-check'
import type { TrainOptions } from '../../lib/config/options.ts'
import { presetNames } from '../../lib/config/settings.ts'

/** Mostly what an option accepts, now and then what it must refuse. */
const mostly = <T>(good: fc.Arbitrary<T>, ...bad: unknown[]): fc.Arbitrary<unknown> =>
  fc.oneof(
    { weight: 300, arbitrary: good as fc.Arbitrary<unknown> },
    { weight: 1, arbitrary: fc.constantFrom(...bad) },
  )

/** Mostly from `usual` to `max`, where a batch fits in; now and then from `min`. */
const enough = (min: number, usual: number, max: number) =>
  fc.oneof(
    { weight: 20, arbitrary: fc.integer({ min: usual, max }) },
    { weight: 1, arbitrary: fc.integer({ min, max: usual }) },
  )

/** What other options do not allow, once in twelve times: else hardly any of so many would be trained. */
const rarely = <T>(usual: T, ...rare: T[]) =>
  fc.oneof({ weight: 11, arbitrary: fc.constant(usual) }, { weight: 1, arbitrary: fc.constantFrom(...rare) })

const convention = mostly(fc.constantFrom('paper', 'torch'), 'tf', null)
const share = mostly(fc.double({ min: 0, max: 1, noNaN: true }), -0.1, 1.1, '0.5')
const range = (min: number, max: number) =>
  mostly(
    fc
      .tuple(fc.double({ min, max, noNaN: true }), fc.double({ min, max, noNaN: true }))
      .map((pair) => pair.sort((a, b) => a - b)),
    [max, min],
    [min],
    min,
  )
const group = (members: Record<string, fc.Arbitrary<unknown>>) =>
  mostly(fc.record(members, { requiredKeys: [] }), null, 7, { nme: 1 })

/** What is learnt, mostly with what that takes: a teacher for distillation, whose image size is then its own. */
const role = (classifier: string): fc.Arbitrary<object> =>
  fc.oneof(
    {
      weight: 6,
      arbitrary: fc.constantFrom({}, { objective: 'contrastive' }, { init: null, teacher: null }),
    },
    { weight: 4, arbitrary: fc.constant({ objective: 'supervised', chunkSize: undefined }) },
    { weight: 2, arbitrary: fc.constant({ init: classifier, encoder: undefined, imageSize: undefined }) },
    {
      weight: 4,
      arbitrary: fc.constant({
        ...{ objective: 'distill', teacher: classifier },
        ...{ imageSize: undefined, resolution: undefined, chunkSize: undefined },
      }),
    },
    {
      weight: 1,
      arbitrary: fc.constantFrom(
        { teacher: classifier },
        { objective: 'labels' },
        { init: 7 },
        { teacher: 7 },
      ),
    },
  )

/** Options that say where, when and to whom, and what one process on this machine has no choice of. */
export const unvaried: readonly string[] = [
  ...['out', 'resume', 'report', 'isolate', 'onProgress', 'signal', 'processes', 'maxRestarts', 'steps'],
  ...['device', 'cudaGraph', 'maxSkipped', 'checkpoint.everySeconds'],
]

/** Its values' dotted names. */
export function namesOf(options: object, prefix = ''): string[] {
  return Object.entries(options).flatMap(([key, value]) => {
    if (value === undefined) return []
    const isGroup = typeof value === 'object' && value !== null && !Array.isArray(value)
    return isGroup ? namesOf(value, `${prefix}${key}.`) : [prefix + key]
  })
}

/**
 * Options of `train()` of every kind, small enough to train: any combination either trains or is refused. `classifier` is the
 * folder of a fine-tuned run that some begin with or learn from. Learning rates stay where two steps cannot diverge.
 */
export const anyOptions = (classifier: string): fc.Arbitrary<TrainOptions> =>
  fc.tuple(settings, role(classifier)).map(([any, learnt]) => ({ ...any, ...learnt }))

const settings: fc.Arbitrary<TrainOptions> = fc.record(
  {
    data: fc
      .tuple(enough(2, 20, 48), fc.integer({ min: 8, max: 40 }))
      .map(([count, size]) => `synthetic:scenes,count=${count},size=${size}`),
    preset: mostly(fc.constantFrom(...presetNames), 'simple'),
    convention,
    distillation: group({
      temperature: mostly(fc.double({ min: 0.1, max: 10, noNaN: true }), 0),
      weight: mostly(fc.double({ min: 0.1, max: 1, noNaN: true }), 0, 1.1),
    }),
    labelSmoothing: mostly(rarely(0, 0.1), 1),
    fineTuneAfterBlock: mostly(fc.constantFrom(-1, -1, -1, -1, 0, 2, 4), 5),
    limit: mostly(enough(1, 20, 60), 0, 2.5),
    limitPerClass: mostly(enough(1, 3, 6), 0),
    labelFraction: mostly(rarely<number | undefined>(undefined, 0.5), 0),
    limitSeed: mostly(fc.nat(9), -1),
    imageSize: mostly(fc.integer({ min: 8, max: 40 }), 4, '32'),
    views: mostly(fc.constantFrom(1, 2, 2, 2, 3, 4), 0, 2.5),
    resolution: mostly(
      fc.option(
        fc
          .tuple(fc.double({ min: 0.1, max: 1, noNaN: true }), fc.constantFrom(8, 8, 8, 16))
          .map(([until, size]) => [{ until, size }]),
      ),
      [],
      [{ until: 2, size: 8 }],
    ),
    encoder: group({
      arch: mostly(fc.constantFrom('resnet18', 'resnet34', 'resnet50'), 'vgg16'),
      width: mostly(fc.constantFrom(0.125, 0.25, 0.375), 0.3, 0),
      stem: mostly(fc.constantFrom('auto', 'imagenet', 'cifar', 'stride2'), 'none'),
      convention,
      skRatio: mostly(fc.constantFrom(0, 0, 0, 0.0625), -1),
    }),
    head: group({
      layers: mostly(fc.integer({ min: 0, max: 4 }), -1, 9),
      hidden: mostly(fc.constantFrom(null, 1, 24), 0),
      dim: mostly(fc.integer({ min: 1, max: 64 }), 0),
      keep: mostly(fc.constantFrom(0, 0, 0, 0, 0, 1, 2), 8),
      convention,
    }),
    epochs: mostly(fc.integer({ min: 1, max: 1000 }), 0, Number.NaN),
    batchSize: mostly(fc.integer({ min: 2, max: 20 }), 1, Number.POSITIVE_INFINITY),
    temperature: mostly(fc.double({ min: 0.01, max: 10, noNaN: true }), 0, -1),
    loss: group({ scale: mostly(fc.constantFrom(1, 2), 3), normalize: mostly(fc.boolean(), 'yes') }),
    optimizer: group({
      name: mostly(fc.constantFrom('lars', 'sgd', 'adam', 'adamw'), 'adamax'),
      lr: mostly(fc.double({ min: 0, max: 0.1, noNaN: true }), -1),
      encoderLr: mostly(rarely<number | null>(null, 0.01), -1),
      maxGradientNorm: mostly(fc.constantFrom(null, null, 0.5), 0),
      momentum: mostly(fc.double({ min: 0, max: 1, noNaN: true }), 2),
      nesterov: rarely(false, true),
      beta1: mostly(fc.double({ min: 0, max: 0.99, noNaN: true }), 1),
      beta2: mostly(fc.double({ min: 0, max: 0.999, noNaN: true }), -0.1),
      epsilon: mostly(fc.double({ min: 1e-9, max: 1, noNaN: true }), 2),
      weightDecay: mostly(fc.double({ min: 0, max: 0.01, noNaN: true }), -1),
      convention,
      trustCoefficient: mostly(fc.double({ min: 1e-4, max: 0.01, noNaN: true }), 0),
      classicMomentum: fc.boolean(),
      decayAll: fc.boolean(),
    }),
    schedule: group({
      name: mostly(rarely('cosine', 'constant', 'step'), 'poly'),
      milestones: mostly(fc.constantFrom(null, [1], [1, 2]), [2, 1]),
      gamma: mostly(fc.double({ min: 0.01, max: 1, noNaN: true }), 0),
      convention,
      scaling: mostly(fc.constantFrom('linear', 'none'), 'cubic'),
      warmupEpochs: mostly(fc.double({ min: 0, max: 20, noNaN: true }), -1),
    }),
    augment: group({
      convention,
      cropArea: range(0.01, 1),
      cropAspect: range(0.2, 5),
      flip: share,
      verticalFlip: share,
      quarterTurn: share,
      quarterTurnMode: mostly(fc.constantFrom('any', 'left'), 90),
      jitter: share,
      strength: mostly(fc.double({ min: 0, max: 2, noNaN: true }), 5),
      brightness: mostly(fc.double({ min: 0, max: 1, noNaN: true }), 5),
      contrast: mostly(fc.double({ min: 0, max: 1, noNaN: true }), 5),
      saturation: mostly(fc.double({ min: 0, max: 1, noNaN: true }), 5),
      hue: mostly(fc.double({ min: 0, max: 0.5, noNaN: true }), 0.7),
      hueMode: mostly(fc.constantFrom('exact', 'fast'), 'yiq'),
      brightnessMode: fc.constantFrom('multiply', 'add'),
      gray: share,
      blur: share,
      blurSigma: range(0.05, 5),
      solarize: share,
      mean: rarely<number[] | null | undefined>(undefined, null, [0.5, 0.5, 0.5]),
      std: rarely<number[] | null | undefined>(undefined, null, [0.2, 0.2, 0.2]),
    }),
    validation: group({
      data: mostly(fc.constantFrom(null, 'synthetic:scenes,count=12,size=8'), 'nowhere'),
      metric: rarely('knn', 'linear', 'classifier'),
      everyEpochs: mostly(fc.integer({ min: 1, max: 2 }), 0),
      patience: mostly(fc.constantFrom(null, null, null, 1), 0),
    }),
    probe: group({
      everyEpochs: fc.integer({ min: 0, max: 2 }),
      images: mostly(fc.integer({ min: 10, max: 50 }), 3),
      k: mostly(fc.integer({ min: 1, max: 300 }), 0),
      temperature: mostly(fc.double({ min: 0.05, max: 1, noNaN: true }), 0),
      linearHead: fc.constantFrom(false, false, false, true),
    }),
    precision: mostly(fc.constantFrom('fp32', 'bf16', 'fp64', 'auto'), 'fp16', 'int8'),
    threads: mostly(fc.constantFrom(1, 2, 'auto'), 0, 'all'),
    seed: mostly(fc.nat(), -1),
    recompute: fc.boolean(),
    chunkSize: mostly(fc.constantFrom(null, null, 2, 8), 1),
    stream: mostly(fc.constantFrom('auto', 'on', 'off'), 'yes'),
    distributed: group({
      syncBatchNorm: fc.boolean(),
      globalNegatives: fc.boolean(),
      compressGradients: fc.boolean(),
      timeoutSeconds: mostly(fc.constantFrom(60, 600), 0),
    }),
    checkpoint: group({
      everySteps: fc.constantFrom(null, 1),
      everyEpochs: fc.constantFrom(null, 1),
      keep: mostly(fc.integer({ min: 1, max: 3 }), 0),
    }),
  },
  { requiredKeys: ['data'] },
) as fc.Arbitrary<TrainOptions>
