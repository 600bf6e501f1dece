import { expect } from 'chai'
import { adamw, distance, tinySpec, withLearner } from '../learn/support.ts'
import { both, expectClose, expectExact, recipes, workOf } from './exact.ts'
import { runRanks } from './ranks.ts'

describe('a batch shared by processes is one batch', function () {
  this.timeout(60_000)

  for (const sockets of [false, true]) {
    for (const [recipe, shards] of [
      ['torch', [1, 1]],
      ['paper', [1, 1]],
      ['paper', [1, 1, 1]],
      ['torch', [2, 1]],
    ] as const) {
      it(`${recipe}, fp64: loss, metrics, every gradient, running statistics; ranks with ${shards.join(', ')} shards, 11 images; ${sockets ? 'sockets' : 'shared memory'}`, () =>
        expectExact(workOf(recipes[recipe], [...shards], { sockets })))
    }
  }

  it('three views, fp64: the same of ranks with 2, 1 shards, 11 images', () =>
    expectExact(workOf({ loss: { temperature: 0.5, scale: 1, normalize: true, views: 3 } }, [2, 1])))

  it('a classifier on a kept layer, a student of a teacher, what comes after frozen groups, fp64: loss, every gradient, running statistics', async () => {
    const recipe = {
      supervised: true,
      loss: { temperature: 1, scale: 1, normalize: true, views: 1 },
      head: { layers: 3, dim: 16, convention: 'torch', keep: 1 },
    } as const
    const { encoder } = tinySpec()
    const tensors = await withLearner(tinySpec({ ...recipe, classes: 3, seed: 9 }), async (learner) =>
      (await learner.state()).filter(({ name }) => !name.startsWith('optimizer.')),
    )
    const teacher = { encoder, head: recipe.head, classes: 3, tensors }
    for (const [own, sockets] of [
      [{}, false],
      [{ teacher, distillation: { temperature: 2, weight: 0.4 } }, false],
      [{ fineTuneAfterBlock: 3 }, false],
      [{ fineTuneAfterBlock: 4 }, true],
    ] as const) {
      const { one, ranks } = await both(workOf({ ...recipe, ...own }, [2, 1], { sockets }))
      expect(one.gradients.gradientNorm).to.be.greaterThan(0)
      for (const { gradients, state } of ranks) {
        expect(gradients.loss).to.be.closeTo(one.gradients.loss, 1e-12)
        expect(gradients.probeAccuracy).to.equal(one.gradients.probeAccuracy)
        expect(distance(one.gradients.gradients, gradients.gradients)).to.be.below(1e-10)
        expect(distance(one.state, state)).to.be.below(1e-10)
      }
    }
  })

  // One process: a chunk is its images' c-th third. Two ranks: of both ranks' images. With frozen statistics all are alike.
  it('in chunks, BatchNorm frozen, fp64: the whole batch of one process', async () => {
    const frozen = { frozenBatchNorm: true }
    const whole = await both(workOf(frozen, [1, 1]))
    const [first, second] = await runRanks(workOf({ ...frozen, chunkSize: 2 }, [2, 1]))
    for (const { gradients } of [first!, second!]) {
      expect(gradients.loss).to.be.closeTo(whole.one.gradients.loss, 1e-10)
      expect(gradients.probeLoss).to.be.closeTo(whole.one.gradients.probeLoss!, 1e-10)
      expect(distance(whole.one.gradients.gradients, gradients.gradients)).to.be.below(1e-10)
    }
  })

  it('in chunks: parts of the whole batch as chunks of one process equal ranks that normalise their own', async () => {
    // 12 images: one process in two chunks of 6, two ranks of 6 with statistics of their own.
    const chunked = workOf({ chunkSize: 6 }, [1], { images: 12 })
    const [one] = await runRanks(chunked)
    const [rank] = await runRanks(workOf({ globalBatchNorm: false }, [1, 1], { images: 12 }))
    expect(one!.gradients.loss).to.be.closeTo(rank!.gradients.loss, 1e-10)
    expect(distance(one!.gradients.gradients, rank!.gradients.gradients)).to.be.below(1e-10)
  })

  for (const [precision, shards, chunkSize] of [
    ['fp32', [1, 1]],
    ['bf16', [1, 1]],
    ['bf16', [2, 1]],
    ['bf16', [1, 1], 2],
  ] as const) {
    it(`through sockets and through shared memory the same bits: ${precision}, ranks with ${shards.join(', ')} shards${chunkSize ? ', in chunks' : ''}`, async () => {
      const work = workOf({ ...recipes.torch, ...(chunkSize && { chunkSize }) }, [...shards], { steps: 3 })
      work.spec.precision = precision
      const [memory] = await runRanks(work)
      const [sockets] = await runRanks({ ...work, sockets: true })
      expect(distance(memory!.state, sockets!.state)).to.equal(0)
      expect(memory!.traffic.collectives, 'another way').to.not.equal(sockets!.traffic.collectives)
    })
  }

  it('through sockets and through shared memory the same but for the order of sums: three ranks', async () => {
    const work = workOf(recipes.torch, [1, 1, 1], { steps: 3 })
    const [memory] = await runRanks(work)
    const [sockets] = await runRanks({ ...work, sockets: true })
    expect(distance(memory!.state, sockets!.state)).to.be.below(1e-10)
    expect(memory!.traffic.collectives, 'another way').to.not.equal(sockets!.traffic.collectives)
  })

  it('fp32: loss to 1e-5, gradients to 1e-2, their norm to 1e-3, running statistics to 1e-5', () =>
    expectClose(workOf(recipes.torch, [1, 1])))

  it('AdamW, fp64: after steps, ranks with 2, 1 shards have the weights, moments and count of one process, which can load them', async () => {
    const work = workOf({ optimizer: adamw }, [2, 1], { steps: 4, lr: 1e-3 })
    const { one, ranks } = await both(work)
    for (const { state } of ranks) {
      // Where a gradient is as small as epsilon, rounding moves a weight by its share of lr.
      expect(distance(one.state, state)).to.be.below(1e-6)
      expect(distance(ranks[0]!.state, state)).to.equal(0)
    }
    await withLearner(work.spec, async (learner) => {
      await learner.load(ranks[0]!.state)
      expect(distance(await learner.state(), ranks[0]!.state)).to.equal(0)
    })
  })

  for (const sockets of [false, true]) {
    it(`clips by one norm, that of all gradients, fp64: ranks with 2, 1 shards have the weights of one process; ${sockets ? 'sockets' : 'shared memory'}`, async () => {
      const clipped = workOf({ maxGradientNorm: 0.05 }, [2, 1], { steps: 3, sockets })
      const { one, ranks } = await both(clipped)
      const { one: free } = await both(workOf({}, [1, 1], { steps: 3 }))
      expect(distance(one.state, free.state)).to.be.above(1e-3)
      for (const { state } of ranks) {
        expect(distance(one.state, state)).to.be.below(1e-8)
        expect(distance(ranks[0]!.state, state)).to.equal(0)
      }
    })
  }

  it('every rank has the same bits after steps, and a second run has them again', async () => {
    const work = workOf(recipes.torch, [1, 1], { steps: 3 })
    work.spec.precision = 'fp32'
    const [a, b] = await runRanks(work)
    const [again] = await runRanks(work)
    expect(distance(a!.state, b!.state)).to.equal(0)
    expect(distance(a!.state, again!.state)).to.equal(0)
  })

  for (const [sockets, shards] of [
    [false, [1, 1]],
    [false, [2, 1]],
    [true, [1, 1]],
  ] as const) {
    it(`gradients compressed to bf16 differ by rounding only; shards ${shards.join(', ')}, ${sockets ? 'sockets' : 'shared memory'}`, async () => {
      const work = workOf(recipes.torch, [...shards], { sockets })
      work.spec.compressGradients = true
      const { one, ranks } = await both(work)
      const away = distance(one.gradients.gradients, ranks[0]!.gradients.gradients)
      expect(away).to.be.within(1e-5, 2 ** -7)
    })
  }

  it('local BatchNorm and local negatives are another loss', async () => {
    const { one, ranks } = await both(workOf(recipes.torch, [1, 1]))
    for (const local of [{ globalBatchNorm: false }, { globalNegatives: false }]) {
      const work = workOf({ ...recipes.torch, ...local }, [1, 1])
      const [first, second] = await runRanks(work)
      expect(first!.gradients.loss).to.equal(second!.gradients.loss)
      expect(Math.abs(first!.gradients.loss - one.gradients.loss)).to.be.greaterThan(1e-4)
      expect(distance(first!.gradients.gradients, second!.gradients.gradients)).to.equal(0)
    }
    expect(ranks[0]!.gradients.loss).to.be.closeTo(one.gradients.loss, 1e-10)
  })
})
