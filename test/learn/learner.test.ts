import { execFileSync } from 'node:child_process'
import { expect } from 'chai'
import type { Convention, LearnerSpec, NativeTensor, Precision } from '../../lib/addon/interface.ts'
import { loadAddon } from '../../lib/addon/load.ts'
import { lower } from '../../lib/augment/index.ts'
import { travelled } from '../dist/exact.ts'
import { rejection } from '../support/rejection.ts'
import { distance, floats, paper, tinySpec, views, withLearner } from './support.ts'

const gradientsOf = (spec: LearnerSpec, batch: NativeTensor, labels: Int32Array | null = null) =>
  withLearner(spec, (learner) => learner.gradients(batch, labels))

describe('learner', () => {
  describe('a batch shared by shards is one batch', () => {
    for (const [name, recipe] of [
      ['torch', {}],
      ['paper', paper],
    ] as const) {
      it(`${name}: loss, metrics, every gradient and running statistics, 1 = 2 = 3 shards, uneven`, async () => {
        const batch = views(14, 8) // 7 images: 3 shards hold 2, 2 and 3
        const labels = Int32Array.from([0, 1, 2, -1, 1, 0, 2])
        const run = (shards: number) =>
          withLearner(tinySpec({ ...recipe, classes: 3, shards }), async (learner) => ({
            gradients: await learner.gradients(batch, labels),
            state: await learner.state(),
          }))
        const one = await run(1)
        expect(one.gradients.gradientNorm).to.be.greaterThan(0)
        for (const shards of [2, 3]) {
          const many = await run(shards)
          expect(many.gradients.loss).to.be.closeTo(one.gradients.loss, 1e-12)
          expect(many.gradients.probeLoss).to.be.closeTo(one.gradients.probeLoss!, 1e-12)
          expect(many.gradients.contrastiveAccuracy).to.equal(one.gradients.contrastiveAccuracy)
          expect(many.gradients.probeAccuracy).to.equal(one.gradients.probeAccuracy)
          expect(distance(one.gradients.gradients, many.gradients.gradients)).to.be.below(1e-10)
          expect(distance(one.state, many.state)).to.be.below(1e-10)
        }
      })
    }

    it('three views: loss, metrics, every gradient and running statistics, 1 = 2 = 3 shards, uneven', async () => {
      const batch = views(21, 8)
      const labels = Int32Array.from([0, 1, 2, -1, 1, 0, 2])
      const run = (shards: number) =>
        withLearner(
          tinySpec({ loss: { temperature: 0.5, scale: 1, normalize: true, views: 3 }, classes: 3, shards }),
          async (learner) => ({
            gradients: await learner.gradients(batch, labels),
            state: await learner.state(),
          }),
        )
      const one = await run(1)
      for (const many of [await run(2), await run(3)]) {
        expect(many.gradients.loss).to.be.closeTo(one.gradients.loss, 1e-12)
        expect(many.gradients.probeLoss).to.be.closeTo(one.gradients.probeLoss!, 1e-12)
        expect(many.gradients.contrastiveAccuracy).to.equal(one.gradients.contrastiveAccuracy)
        expect(distance(one.gradients.gradients, many.gradients.gradients)).to.be.below(1e-10)
        expect(distance(one.state, many.state)).to.be.below(1e-10)
      }
    })

    it('refuses views that are not whole images', async () => {
      const spec = tinySpec({ loss: { temperature: 0.5, scale: 1, normalize: true, views: 3 } })
      const error = await withLearner(spec, (learner) => rejection(learner.stepViews(views(8, 8), null, 0.1)))
      expect(error.message).to.match(/\[3B, height, width, 3\]/)
    })

    it('20 steps end at the same weights (fp64, 1 and 2 shards, LARS)', async () => {
      const travel = (shards: number) =>
        withLearner(tinySpec({ ...paper, shards }), async (learner) => {
          const start = await learner.state()
          for (let step = 0; step < 20; step++) await learner.stepViews(views(12, 8, step), null, 0.1)
          return { start, end: await learner.state() }
        })
      const [one, two] = [await travel(1), await travel(2)]
      const moved = travelled(one.start, one.end)
      expect(moved).to.be.greaterThan(1)
      expect(travelled(one.end, two.end)).to.be.below(1e-6 * moved)
    })

    it('gives the same bits when repeated with the same shard count', async () => {
      const run = () => gradientsOf(tinySpec({ precision: 'bf16', shards: 2 }), views(16, 8))
      const [a, b] = [await run(), await run()]
      expect(a.loss).to.equal(b.loss)
      expect(distance(a.gradients, b.gradients)).to.equal(0)
    })

    it('gives the same bits from a process’s first call on, which also measures the processor', () => {
      const support = JSON.stringify(new URL('./support.ts', import.meta.url).href)
      const code = `
        import { distance, tinySpec, views, withLearner } from ${support}
        const spec = tinySpec({ precision: 'bf16', shards: 2 })
        const run = () => withLearner(spec, (learner) => learner.gradients(views(16, 8), null))
        const [first, second] = [await run(), await run()]
        console.log(first.gradients.length, distance(first.gradients, second.gradients))`
      const flags = ['--import', 'tsx', '--input-type=module']
      const printed = execFileSync(process.execPath, [...flags, '-e', code], { encoding: 'utf8' })
      const [tensors, apart] = printed.trim().split(' ').map(Number)
      expect(tensors).to.be.greaterThan(20)
      expect(apart).to.equal(0)
    })
  })

  describe('gives the same bits, gradients, weights and running statistics, on 2 shards,', () => {
    const run = (spec: Partial<LearnerSpec>, side: number) =>
      withLearner(tinySpec({ ...paper, ...spec, shards: 2 }), async (learner) => ({
        gradients: await learner.gradients(views(12, side), null),
        step: await learner.stepViews(views(12, side, 2), null, 0.1),
        state: await learner.state(),
      }))

    async function expectSame(spec: Partial<LearnerSpec>, side: number, change: Partial<LearnerSpec>) {
      const [one, other] = [await run(spec, side), await run({ ...spec, ...change }, side)]
      expect(one.gradients.gradientNorm).to.be.greaterThan(0)
      expect(distance(one.gradients.gradients, other.gradients.gradients)).to.equal(0)
      expect(other.step.loss).to.equal(one.step.loss)
      expect(distance(one.state, other.state)).to.equal(0)
    }

    for (const precision of ['fp64', 'bf16'] as const) {
      it(`where activations are computed again (${precision})`, async () => {
        await expectSame({ precision }, 8, { recompute: true })
      })
    }

    for (const convention of ['paper', 'torch'] as const) {
      it(`where a bottleneck's widening convolutions are computed again (${convention})`, async () => {
        // `exactSums` keeps every output; in float64 it changes no product.
        const encoder = { arch: 'resnet50', width: 0.125, stem: 'imagenet', convention, skRatio: 0 } as const
        await expectSame({ encoder }, 32, { exactSums: true })
      })
    }
  })

  it('moves the running mean by a tenth of the mean over both views, once a step', async () => {
    const batch = views(8, 8)
    const spec = tinySpec()
    const [stem] = await withLearner(spec, async (learner) => {
      await learner.gradients(batch, null)
      const state = await learner.state()
      return ['encoder.bn1.running_mean', 'encoder.bn1.num_batches_tracked'].map(
        (name) => state.find((tensor) => tensor.name === name)!,
      )
    })
    const kernel = await withLearner(spec, async (learner) =>
      floats((await learner.state()).find((tensor) => tensor.name === 'encoder.conv1.weight')!),
    )
    // The mean of the first channel by hand: a sum over taps, zero outside the image.
    const pixels = floats(batch)
    let sum = 0
    for (let row = 0; row < 8; row++)
      for (let y = 0; y < 8; y++)
        for (let x = 0; x < 8; x++)
          for (let c = 0; c < 3; c++)
            for (let i = 0; i < 3; i++)
              for (let j = 0; j < 3; j++) {
                const [yy, xx] = [y + i - 1, x + j - 1]
                if (yy < 0 || yy > 7 || xx < 0 || xx > 7) continue
                sum += kernel[(c * 3 + i) * 3 + j]! * pixels[((row * 8 + yy) * 8 + xx) * 3 + c]!
              }
    expect(floats(stem!)[0]).to.be.closeTo((0.1 * sum) / 512, 1e-9)
  })

  it('the linear head changes no gradient of the encoder or the head', async () => {
    const batch = views(12, 8)
    const without = await gradientsOf(tinySpec(), batch)
    const withHead = await gradientsOf(tinySpec({ classes: 3 }), batch, Int32Array.from([0, 1, 2, 0, 1, 2]))
    const shared = withHead.gradients.filter((tensor) => !tensor.name.startsWith('classifier.'))
    expect(withHead.gradients.length).to.equal(shared.length + 2)
    expect(distance(without.gradients, shared)).to.equal(0)
  })

  it('embedding changes nothing', async () => {
    const addon = loadAddon()
    const store = new addon.ImageStore(6)
    await store.fillScenes({ seed: 1, first: 0, count: 6, size: 8 })
    const plan = new addon.Augmenter(lower([], 8))
    await withLearner(tinySpec({ shards: 2 }), async (learner) => {
      const before = await learner.state()
      const features = await learner.embed(store, plan, Uint32Array.from([0, 1, 2, 3, 4, 5]))
      expect(features.length).to.equal(6 * learner.featureDim)
      expect(features.some((value) => value !== 0)).to.equal(true)
      expect(distance(before, await learner.state())).to.equal(0)
      const swapped = await learner.embed(store, plan, Uint32Array.from([5, 0]))
      for (let i = 0; i < learner.featureDim; i++) {
        expect(swapped[i]).to.be.closeTo(features[5 * learner.featureDim + i]!, 1e-6)
      }
    })
  })

  it('a learner loaded with another one’s state goes on identically', async () => {
    const spec = tinySpec({ ...paper, classes: 3 })
    const labels = Int32Array.from([0, 1, 2, 0])
    await withLearner(spec, async (first) => {
      for (let step = 0; step < 3; step++) await first.stepViews(views(8, 8, step), labels, 0.1)
      const saved = await first.state()
      await withLearner({ ...spec, seed: 99 }, async (second) => {
        await second.load(saved)
        const [a, b] = [
          await first.stepViews(views(8, 8, 9), labels, 0.2),
          await second.stepViews(views(8, 8, 9), labels, 0.2),
        ]
        expect(b.loss).to.equal(a.loss)
        expect(distance(await first.state(), await second.state())).to.equal(0)
      })
    })
  })

  it('refuses foreign state by name and keeps its own', async () => {
    await withLearner(tinySpec(), async (learner) => {
      const before = await learner.state()
      const error = await rejection(
        learner.load(before.filter((tensor) => tensor.name !== 'encoder.bn1.bias')),
      )
      expect(error).to.have.property('code', 'ERR_SIMCLR_INCOMPATIBLE_WEIGHTS')
      expect(error.message).to.include('Missing: encoder.bn1.bias')
      expect(distance(before, await learner.state())).to.equal(0)
    })
  })

  it('rejects calls after dispose', async () => {
    const learner = new (loadAddon().Learner)(tinySpec())
    learner.dispose()
    expect(await rejection(learner.state())).to.have.property('code', 'ERR_SIMCLR_DISPOSED')
  })

  describe('on the meta device (no values, so no CPU-only code and nothing read back)', () => {
    const networks: [string, Partial<LearnerSpec>][] = [
      ['torch, SGD', {}],
      ['paper, LARS', paper],
      [
        'paper, selective kernels',
        {
          ...paper,
          encoder: { arch: 'resnet50', width: 0.25, stem: 'imagenet', convention: 'paper', skRatio: 0.0625 },
        },
      ],
    ]
    for (const [name, recipe] of networks) {
      for (const precision of ['fp32', 'bf16'] as Precision[]) {
        it(`${name}, ${precision}: a step runs`, async () => {
          const spec = tinySpec({ ...recipe, device: 'meta', precision, classes: 4 })
          const result = await withLearner(spec, (learner) =>
            learner.stepViews(views(8, 32), Int32Array.from([0, 1, 2, 3]), 0.1),
          )
          expect(result.loss).to.be.NaN
        })
      }
    }
  })

  it('says what was expected for devices and networks that do not exist', () => {
    const make = (overrides: Partial<LearnerSpec>) => () => new (loadAddon().Learner)(tinySpec(overrides))
    const encoder = tinySpec().encoder
    expect(make({ device: 'tpu' })).to.throw('Expected cpu, cuda or cuda:N for `device` but received tpu')
    expect(make({ encoder: { ...encoder, skRatio: 0.0625 } })).to.throw('skRatio')
    expect(make({ encoder: { ...encoder, width: 0.001 } })).to.throw('width')
    expect(make({ encoder: { ...encoder, convention: 'keras' as Convention } })).to.throw(
      'one of paper, torch',
    )
  })
})
