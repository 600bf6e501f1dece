import fc from 'fast-check'
import type { TrainOptions } from '../../lib/config/options.ts'
import { presetNames } from '../../lib/config/settings.ts'

/** Mostly what an option accepts, now and then what it must refuse. */
const mostly = <T>(good: fc.Arbitrary<T>, ...bad: unknown[]): fc.Arbitrary<unknown> =>
  fc.oneof(
    { weight: 100, arbitrary: good as fc.Arbitrary<unknown> },
    { weight: 1, arbitrary: fc.constantFrom(...bad) },
  )

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

/**
 * Options of `train()` of every kind, small enough to train: any combination either trains or is refused.
 * Learning rates stay where two steps cannot diverge.
 */
export const anyOptions: fc.Arbitrary<TrainOptions> = fc.record(
  {
    data: fc
      .tuple(fc.integer({ min: 2, max: 48 }), fc.integer({ min: 8, max: 40 }))
      .map(([count, size]) => `synthetic:scenes,count=${count},size=${size}`),
    preset: mostly(fc.constantFrom(...presetNames), 'simple'),
    convention,
    limit: mostly(fc.integer({ min: 1, max: 60 }), 0, 2.5),
    imageSize: mostly(fc.integer({ min: 8, max: 40 }), 4, '32'),
    views: mostly(fc.integer({ min: 2, max: 4 }), 1, 2.5),
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
      dim: mostly(fc.integer({ min: 1, max: 64 }), 0),
      convention,
    }),
    epochs: mostly(fc.integer({ min: 1, max: 1000 }), 0, Number.NaN),
    batchSize: mostly(fc.integer({ min: 2, max: 40 }), 1, Number.POSITIVE_INFINITY),
    temperature: mostly(fc.double({ min: 0.01, max: 10, noNaN: true }), 0, -1),
    loss: group({ scale: mostly(fc.constantFrom(1, 2), 3), normalize: mostly(fc.boolean(), 'yes') }),
    optimizer: group({
      name: mostly(fc.constantFrom('lars', 'sgd', 'adam', 'adamw'), 'adamax'),
      lr: mostly(fc.double({ min: 0, max: 0.1, noNaN: true }), -1),
      momentum: mostly(fc.double({ min: 0, max: 1, noNaN: true }), 2),
      nesterov: fc.boolean(),
      beta1: mostly(fc.double({ min: 0, max: 0.99, noNaN: true }), 1),
      beta2: mostly(fc.double({ min: 0, max: 0.999, noNaN: true }), -0.1),
      epsilon: mostly(fc.double({ min: 1e-9, max: 1, noNaN: true }), 2),
      weightDecay: mostly(fc.double({ min: 0, max: 0.01, noNaN: true }), -1),
      convention,
      classicMomentum: fc.boolean(),
      decayAll: fc.boolean(),
    }),
    schedule: group({
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
      hue: mostly(fc.double({ min: 0, max: 0.5, noNaN: true }), 0.7),
      brightnessMode: fc.constantFrom('multiply', 'add'),
      gray: share,
      blur: share,
      blurSigma: range(0.05, 5),
      solarize: share,
      mean: fc.constantFrom(null, [0.5, 0.5, 0.5]),
      std: fc.constantFrom(null, [0.2, 0.2, 0.2]),
    }),
    validation: group({
      data: mostly(fc.constantFrom(null, 'synthetic:scenes,count=12,size=8'), 'nowhere'),
      metric: fc.constantFrom('knn', 'linear', 'classifier'),
      everyEpochs: mostly(fc.integer({ min: 1, max: 2 }), 0),
      patience: mostly(fc.constantFrom(null, 1), 0),
    }),
    probe: group({
      everyEpochs: fc.integer({ min: 0, max: 2 }),
      images: mostly(fc.integer({ min: 10, max: 50 }), 3),
      k: mostly(fc.integer({ min: 1, max: 300 }), 0),
      linearHead: fc.boolean(),
    }),
    precision: mostly(fc.constantFrom('fp32', 'bf16', 'fp64', 'auto'), 'fp16', 'int8'),
    threads: mostly(fc.constantFrom(1, 2, 'auto'), 0, 'all'),
    seed: mostly(fc.nat(), -1),
    checkpoint: group({
      everySteps: fc.constantFrom(null, 1),
      keep: mostly(fc.integer({ min: 1, max: 3 }), 0),
    }),
  },
  { requiredKeys: ['data'] },
) as fc.Arbitrary<TrainOptions>
