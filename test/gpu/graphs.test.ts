import { expect } from 'chai'
import type { LearnerSpec, Precision } from '../../lib/addon/interface.ts'
import { Encoder } from '../../lib/encoder.ts'
import { adamw, distance, floats, tinySpec, views, withLearner } from '../learn/support.ts'
import { travel } from '../learn/travel.ts'
import { congruential } from '../support/pixels.ts'
import { needGpu, paper } from './support.ts'

const labelsOf = (images: number) => Int32Array.from({ length: images }, (_, i) => i % 3)

/** Epochs of four full batches and an uneven one, at 24 px and then at 32 px. */
const course = { epoch: [16, 16, 16, 16, 10], sizes: [24, 32], lr: 0.01 } as const

describe('the training step as a CUDA graph', () => {
  before(needGpu)
  // Each learner would time cuDNN's algorithms anew, and may choose others.
  before(() => {
    process.env.SIMCLR_CUDNN_TIMING = 'off'
  })
  after(() => {
    delete process.env.SIMCLR_CUDNN_TIMING
  })

  const on = (overrides: Partial<LearnerSpec>) => tinySpec({ device: 'cuda:0', ...overrides })
  /** Each takes a while: not every pair of recipe and precision. */
  const recipes: [string, Partial<LearnerSpec>, Precision[]][] = [
    ['torch, SGD', {}, ['fp32', 'tf32', 'bf16']],
    ['torch, SGD, clipped', { maxGradientNorm: 0.05 }, ['bf16']],
    ['paper, LARS, linear head', { ...paper, classes: 3 }, ['fp32', 'bf16']],
    ['paper, recomputed blocks', { ...paper, recompute: true }, ['bf16']],
    ['three views', { loss: { temperature: 0.5, scale: 1, normalize: true, views: 3 } }, ['bf16']],
    [
      'selective kernels, 7x7 stem',
      {
        ...paper,
        encoder: { arch: 'resnet50', width: 0.25, stem: 'imagenet', convention: 'paper', skRatio: 0.0625 },
      },
      ['bf16'],
    ],
  ]
  for (const [name, recipe, precisions] of recipes) {
    for (const precision of precisions) {
      it(`${name}, ${precision}: 20 steps, two resolutions, uneven batches, as far from eager steps as those from each other`, async () => {
        const run = (graph: 'off' | 'must') =>
          withLearner(on({ ...recipe, precision, graph }), async (learner) => ({
            steps: await travel(learner, {
              ...course,
              labels: recipe.classes === undefined ? null : labelsOf,
              ...(recipe.loss?.views && { views: recipe.loss.views }),
            }),
            state: await learner.state(),
          }))
        const [graph, eager, again] = [await run('must'), await run('off'), await run('off')]
        const noise = distance(eager.state, again.state)
        console.log(
          `      ${JSON.stringify({ name, precision, graph: distance(graph.state, eager.state), noise })}`,
        )
        expect(distance(graph.state, eager.state)).to.be.at.most(10 * noise + 1e-4)
        graph.steps.forEach(({ loss }, step) => {
          expect(loss).to.be.closeTo(eager.steps[step]!.loss, 0.02 * eager.steps[step]!.loss)
        })
        const replayed = graph.steps.flatMap(({ replayed }, step) => (replayed ? [step] : []))
        expect(replayed).to.deep.equal([3, 5, 6, 7, 8, 13, 15, 16, 17, 18])
        expect(eager.steps.some((step) => step.replayed)).to.equal(false)
      })
    }
  }

  it('each replay takes its own views, labels and weights: the loss that an eager pass has just found', async () => {
    await withLearner(on({ ...paper, classes: 3, precision: 'fp32', graph: 'must' }), async (learner) => {
      for (let step = 0; step < 8; step++) {
        const [given, labels] = [views(32, 32, step), labelsOf(16).map((label) => (label + step) % 3)]
        const eager = await learner.gradients(given, labels)
        const replay = await learner.stepViews(given, labels, 0.1)
        expect(replay.replayed).to.equal(step >= 3)
        expect(replay.loss).to.be.closeTo(eager.loss, 1e-3 * eager.loss)
        expect(replay.probeLoss).to.be.closeTo(eager.probeLoss!, 1e-3 * eager.probeLoss!)
        expect(replay.gradientNorm).to.be.closeTo(eager.gradientNorm, 1e-2 * eager.gradientNorm)
      }
    })
  })

  it('each replay takes its own learning rate: at 0 no weight moves by a bit', async () => {
    await withLearner(on({ precision: 'bf16', graph: 'must' }), async (learner) => {
      const weights = async () =>
        (await learner.state()).filter(({ name }) => !/running|num_batches|^optimizer/.test(name))
      for (let step = 0; step < 4; step++) await learner.stepViews(views(32, 32, step), null, 0.1)
      const before = await weights()
      expect((await learner.stepViews(views(32, 32, 5), null, 0)).replayed).to.equal(true)
      expect(distance(await weights(), before)).to.equal(0)
      await learner.stepViews(views(32, 32, 6), null, 0.1)
      expect(distance(await weights(), before)).to.be.greaterThan(0)
    })
  })

  it('each replay counts its step: Adam’s count is right in a graph, and a loaded one goes on', async () => {
    await withLearner(on({ optimizer: adamw, precision: 'fp32', graph: 'must' }), async (learner) => {
      const count = async () =>
        floats((await learner.state()).find(({ name }) => name === 'optimizer.step')!)[0]
      const start = await learner.state()
      for (let step = 0; step < 6; step++) {
        expect((await learner.stepViews(views(32, 32, step), null, 1e-3)).replayed).to.equal(step >= 3)
        expect(await count()).to.equal(step + 1)
      }
      await learner.load(start)
      await learner.stepViews(views(32, 32), null, 1e-3)
      expect(await count()).to.equal(1)
    })
  })

  it('loaded weights are those of the next replay, and other work in between does not disturb', async () => {
    await withLearner(on({ ...paper, precision: 'fp32', graph: 'must' }), async (learner) => {
      const start = await learner.state()
      const first = await learner.stepViews(views(32, 32), null, 0.1)
      for (let step = 0; step < 5; step++) await learner.stepViews(views(32, 32, step), null, 0.1)
      await learner.forward(views(200, 32, 9), { training: false, groups: false })
      await learner.load(start)
      const again = await learner.stepViews(views(32, 32), null, 0.1)
      expect(again.replayed).to.equal(true)
      expect(again.loss).to.be.closeTo(first.loss, 1e-4 * first.loss)
    })
  })

  it('is recorded by several learners at once, while an encoder embeds', async () => {
    const encoder = await Encoder.random(
      { arch: 'resnet18', width: 0.25 },
      { imageSize: 32 },
      { device: 'cuda:0' },
    )
    const images = congruential(300, 32)
    let learning = true
    const embedding = (async () => {
      while (learning) await encoder.embed(images)
    })()
    try {
      const run = (seed: number, graph: 'off' | 'must') =>
        withLearner(on({ ...paper, precision: 'bf16', seed, graph }), async (learner) => {
          const steps = []
          for (let step = 0; step < 8; step++)
            steps.push(await learner.stepViews(views(32, step < 4 ? 24 : 32, step), null, 0.05))
          return steps
        })
      const all = await Promise.all([1, 2, 3].map((seed) => run(seed, 'must')))
      for (const [i, steps] of all.entries()) {
        expect(steps.map(({ replayed }) => replayed)).to.deep.equal(
          [0, 1, 2, 3, 4, 5, 6, 7].map((n) => n % 4 === 3),
        )
        const alone = await run(i + 1, 'off')
        for (const [n, { loss }] of steps.entries())
          expect(loss).to.be.closeTo(alone[n]!.loss, 0.02 * alone[n]!.loss)
      }
    } finally {
      learning = false
      await embedding
      encoder.dispose()
    }
  })
})
