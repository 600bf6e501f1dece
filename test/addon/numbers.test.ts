import { expect } from 'chai'
import { SimclrError } from '../../lib/addon/errors.ts'
import type { NativeTensor } from '../../lib/addon/interface.ts'
import { loadAddon } from '../../lib/addon/load.ts'
import { lower, recipes } from '../../lib/augment/index.ts'
import { ops } from '../../lib/ops/index.ts'
import { tinySpec } from '../learn/support.ts'

describe('numbers that cross the boundary', () => {
  const addon = loadAddon()
  const z = new Float32Array(64).fill(1)
  const labels = new Int32Array(8)
  const loss = { dim: 8, temperature: 0.1, scale: 1, normalize: true } as const
  const knn = { dim: 8, classes: 1, k: 1, temperature: 0.1 }
  const linear = { dim: 8, classes: 1, l2: 0, maxIterations: 1 }
  const scenes = { seed: 0, first: 0, count: 1, size: 8 }
  const view = { seed: 0, epoch: 0, index: 0, view: 0, width: 8, height: 8 }
  const rank = {
    rank: 0,
    size: 1,
    localSize: 1,
    host: 'localhost',
    port: 1,
    servesStore: false,
    storeOutlives: false,
    generation: '0',
    timeoutSeconds: 1,
  }
  const tensor = (shape: number[]): NativeTensor => ({
    name: 'x',
    dtype: 'F32',
    shape,
    data: new Uint8Array(4),
  })
  const plan = lower(recipes.paperImagenet.family, 8)
  const image = { data: new Float32Array(12), width: 2, height: 2, channels: 3 }

  /** By the name that the message has to have. */
  const calls: Record<string, ((value: number) => unknown)[]> = {
    dim: [
      (dim) => addon.ntXent(z, { ...loss, dim }),
      (dim) => addon.knn(z, labels, z, { ...knn, dim }),
      (dim) => addon.nearest(z, z, { k: 1, metric: 'cosine', dim }),
      (dim) => new addon.Learner(tinySpec({ head: { layers: 1, dim, convention: 'torch' } })),
    ],
    views: [(views) => addon.ntXent(z, { ...loss, views })],
    replicas: [(replicas) => addon.ntXent(z, { ...loss, replicas })],
    k: [
      (k) => addon.knn(z, labels, z, { ...knn, k }),
      (k) => addon.nearest(z, z, { dim: 8, metric: 'cosine', k }),
    ],
    maxIterations: [(maxIterations) => addon.linearProbe(z, labels, z, { ...linear, maxIterations })],
    count: [
      (count) => new addon.ImageStore(count),
      (count) => new addon.ImageStore(2).fillScenes({ ...scenes, count }),
      (count) => addon.epochOrder({ seed: 0, epoch: 0, count }),
    ],
    scene: [(scene) => new addon.ImageStore(2).fillScenes({ ...scenes, scene })],
    seed: [
      (seed) => addon.epochOrder({ seed, epoch: 0, count: 1 }),
      (seed) => new addon.Augmenter(plan).parameters({ ...view, seed }),
      (seed) => new addon.Learner(tinySpec({ seed })),
    ],
    epoch: [(epoch) => new addon.Augmenter(plan).parameters({ ...view, epoch })],
    width: [
      (width) => new addon.Augmenter(plan).parameters({ ...view, width }),
      (width) => addon.augmentOperator('paper.flip', { ...image, width }, {}),
    ],
    size: [(size) => new addon.Augmenter({ ...plan, size }), (size) => new addon.Group({ ...rank, size })],
    shards: [(shards) => new addon.Learner(tinySpec({ shards }))],
    port: [(port) => new addon.Group({ ...rank, port })],
    threads: [(threads) => addon.machineLimits(threads)],
    maxPixels: [(maxPixels) => addon.decodeJpeg('none', { maxPixels, shorterSide: null })],
    shorterSide: [(shorterSide) => addon.decodeJpeg('none', { maxPixels: 1, shorterSide })],
    shape: [(length) => new addon.Encoder(encoder, [tensor([length])])],
    kernel_size: [
      (kernel_size) => addon.augmentOperator('paper.gaussian_blur', image, { kernel_size, sigma: 1 }),
    ],
  }
  const encoder = { ...tinySpec().encoder, device: 'cpu', precision: 'fp32', shards: 1 } as const

  for (const [name, ways] of Object.entries(calls)) {
    it(`\`${name}\`: fractions, negative ones, NaN and what C++ cannot hold are refused by name`, () => {
      for (const [i, call] of ways.entries()) {
        for (const value of [Number.NaN, Number.POSITIVE_INFINITY, -1, 1.5, 2 ** 64]) {
          expect(() => call(value), `way ${i}, ${value}`)
            .to.throw(SimclrError, `\`${name}\``)
            .with.property('code', 'ERR_SIMCLR_INVALID_ARGUMENT')
        }
      }
    })
  }

  it('products that do not fit are no way around', () => {
    for (const [dim, views] of [
      [2 ** 32, 2 ** 32],
      [2 ** 32, 2],
      [8, 2 ** 61],
    ] as const) {
      expect(() => addon.ntXent(z, { ...loss, dim, views })).to.throw(SimclrError)
    }
    const sides = { width: 2 ** 20, height: 2 ** 20 }
    expect(() => addon.augmentOperator('paper.flip', { ...image, ...sides }, {})).to.throw(/`height`/)
  })

  it('what was received is told in few words, whatever it is', () => {
    const given = (value: unknown) => () =>
      ops.augment('paper.hue', image, { delta: value as number, order: ['hue'] })
    const cases: [unknown, string][] = [
      [Symbol('x'), 'a symbol'],
      [() => 1, 'a function'],
      [Object.create(null), 'an object'],
      [new Float32Array(100_000), 'a typed array of 100000 elements'],
      [10n ** 3000n, 'a bigint'],
      [null, 'null'],
      [undefined, 'undefined'],
    ]
    for (const [value, said] of cases) {
      expect(given(value), said).to.throw(SimclrError, `\`delta\` but received ${said}`)
    }
    const data = new Array(100_000).fill(0) as never
    expect(() => new addon.Encoder(encoder, [{ ...tensor([1]), data }])).to.throw(
      /received an array of 100000 elements$/,
    )
    const word = 'x'.repeat(1000)
    expect(() => new addon.Augmenter({ ...plan, crop: { ...plan.crop!, filter: word as never } })).to.throw(
      /received x{80}…$/,
    )
  })

  it('memory that runs out has its own code', async () => {
    const queries = new Float32Array(8 * 65_536).fill(1) // times the classes: more than there are addresses
    const error = await addon.knn(z, labels, queries, { ...knn, classes: 2 ** 31 - 1 }).catch((e) => e)
    expect(error).to.be.instanceOf(SimclrError).with.property('code', 'ERR_SIMCLR_OUT_OF_MEMORY')
    expect(error.message).to.match(/^Out of memory\. .*allocate/)
  })

  it('numbers are finite', () => {
    for (const value of [Number.NaN, Number.POSITIVE_INFINITY, 0]) {
      expect(() => addon.ntXent(z, { ...loss, temperature: value })).to.throw(SimclrError, /`temperature`/)
      expect(() => addon.knn(z, labels, z, { ...knn, temperature: value })).to.throw(/`temperature`/)
    }
    for (const l2 of [Number.NaN, -1]) {
      expect(() => addon.linearProbe(z, labels, z, { ...linear, l2 })).to.throw(SimclrError, /`l2`/)
    }
    for (const sigma of [Number.NaN, 0, -1]) {
      const blur = () => ops.augment('torch.gaussian_blur', image, { kernel: 1, sigma })
      expect(blur).to.throw(SimclrError, /`sigma`/)
    }
  })
})
