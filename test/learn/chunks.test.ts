import { expect } from 'chai'
import type { LearnerSpec, NativeTensor } from '../../lib/addon/interface.ts'
import { distance, floats, paperLars, tinySpec, views, withLearner } from './support.ts'

const paper: Partial<LearnerSpec> = {
  encoder: { arch: 'resnet18', width: 0.125, stem: 'cifar', convention: 'paper', skRatio: 0 },
  head: { layers: 3, dim: 16, convention: 'paper' },
  loss: { temperature: 0.1, scale: 2, normalize: true },
  optimizer: paperLars,
}
const threeViews = { loss: { temperature: 0.2, scale: 1, normalize: true, views: 3 } } as const

/** Gradients of a batch by a learner whose running statistics have been trained a little. */
function gradientsOf(
  spec: LearnerSpec,
  batch: NativeTensor,
  labels: Int32Array | null,
  start: NativeTensor[],
) {
  return withLearner(spec, async (learner) => {
    await learner.load(start)
    return { gradients: await learner.gradients(batch, labels), state: await learner.state() }
  })
}

/** Somewhere the running statistics are no longer 0 and 1. */
function trained(spec: LearnerSpec, count: number): Promise<NativeTensor[]> {
  return withLearner(spec, async (learner) => {
    for (let step = 0; step < 3; step++) await learner.stepViews(views(count * 8, 8, step), null, 0.05)
    return learner.state()
  })
}

const tensor = (tensors: NativeTensor[], name: string) =>
  tensors.find((candidate) => candidate.name === name)!

describe('a batch in chunks', () => {
  describe('has the whole batch’s loss and gradients where BatchNorm is frozen (fp64, to 1e-10)', () => {
    for (const [name, recipe, count] of [
      ['torch', {}, 2],
      ['paper', paper, 2],
      ['three views', threeViews, 3],
      ['activations computed again', { recompute: true }, 2],
    ] as const) {
      it(name, async () => {
        const images = 11
        const batch = views(count * images, 8, 5)
        const labels = Int32Array.from({ length: images }, (_, i) => (i % 4) - 1)
        const spec = tinySpec({ ...recipe, classes: 3 })
        const start = await trained(spec, count)
        const whole = await gradientsOf({ ...spec, frozenBatchNorm: true }, batch, labels, start)
        expect(whole.gradients.gradientNorm).to.be.greaterThan(0)
        for (const [chunkSize, shards] of [
          [4, 1],
          [5, 2],
          [3, 3],
          [100, 1],
        ] as const) {
          const chunked = await gradientsOf(
            { ...spec, frozenBatchNorm: true, chunkSize, shards },
            batch,
            labels,
            start,
          )
          const what = `chunks of ${chunkSize}, ${shards} shards`
          expect(chunked.gradients.loss, what).to.be.closeTo(whole.gradients.loss, 1e-12)
          expect(chunked.gradients.entropy, what).to.be.closeTo(whole.gradients.entropy!, 1e-12)
          expect(chunked.gradients.contrastiveAccuracy, what).to.equal(whole.gradients.contrastiveAccuracy)
          expect(chunked.gradients.probeLoss, what).to.be.closeTo(whole.gradients.probeLoss!, 1e-12)
          expect(chunked.gradients.probeAccuracy, what).to.equal(whole.gradients.probeAccuracy)
          expect(distance(whole.gradients.gradients, chunked.gradients.gradients), what).to.be.below(1e-10)
          expect(distance(start, chunked.state), 'frozen statistics').to.equal(0)
        }
      })
    }
  })

  it('with live statistics the gradient is that of the loss it has: finite differences (fp64)', async () => {
    const batch = views(2 * 6, 8, 3)
    const spec = tinySpec({ chunkSize: 3 })
    const start = await withLearner(spec, (learner) => learner.state())
    const lossAt = async (name: string, at: number, delta: number) => {
      const moved = start.map((candidate) => {
        if (candidate.name !== name) return candidate
        const values = Float64Array.from(floats(candidate))
        values[at]! += delta
        return { ...candidate, dtype: 'F64' as const, data: new Uint8Array(values.buffer) }
      })
      return (await gradientsOf(spec, batch, null, moved)).gradients.loss
    }
    const { gradients } = (await gradientsOf(spec, batch, null, start)).gradients
    for (const name of ['encoder.conv1.weight', 'encoder.layer3.0.conv2.weight', 'head.layers.3.weight']) {
      const gradient = Array.from(floats(tensor(gradients, name)))
      const at = gradient.reduce(
        (best, value, i) => (Math.abs(value) > Math.abs(gradient[best]!) ? i : best),
        0,
      )
      const step = 1e-6
      const slope = ((await lossAt(name, at, step)) - (await lossAt(name, at, -step))) / (2 * step)
      expect(gradient[at]! / slope, name).to.be.closeTo(1, 1e-4)
    }
  })

  it('moves running statistics once, by the mean of what its chunks would have', async () => {
    const images = 8
    const batch = views(2 * images, 8, 4)
    const start = await withLearner(tinySpec(), (learner) => learner.state())
    const after = async (spec: LearnerSpec, rows: NativeTensor) =>
      (await gradientsOf(spec, rows, null, start)).state
    const part = (first: number, count: number): NativeTensor => {
      const bytes = 8 * 8 * 3 * 4
      const data = new Uint8Array(2 * count * bytes)
      for (const view of [0, 1]) {
        const from = (view * images + first) * bytes
        data.set(batch.data.subarray(from, from + count * bytes), view * count * bytes)
      }
      return { ...batch, shape: [2 * count, 8, 8, 3], data }
    }
    const chunked = await after(tinySpec({ chunkSize: 4 }), batch)
    const [a, b] = [await after(tinySpec(), part(0, 4)), await after(tinySpec(), part(4, 4))]
    const whole = await after(tinySpec(), batch)
    for (const name of ['encoder.bn1.running_mean', 'encoder.layer4.1.bn2.running_var']) {
      const [x, y, mine] = [a, b, chunked].map((state) => floats(tensor(state, name)))
      for (let i = 0; i < mine!.length; i++) expect(mine![i]).to.be.closeTo((x![i]! + y![i]!) / 2, 1e-12)
      expect(distance([tensor(whole, name)], [tensor(start, name)]), name).to.be.above(1e-3)
    }
    const batches = tensor(chunked, 'encoder.bn1.num_batches_tracked')
    expect(Number(new BigInt64Array(batches.data.slice().buffer)[0])).to.equal(1)
  })

  it('gives the same bits every time, steps included (bf16, 2 shards)', async () => {
    const run = () =>
      withLearner(tinySpec({ precision: 'bf16', shards: 2, chunkSize: 4 }), async (learner) => {
        for (let step = 0; step < 2; step++) await learner.stepViews(views(24, 8, step), null, 0.1)
        return learner.state()
      })
    expect(distance(await run(), await run())).to.equal(0)
  })
})
