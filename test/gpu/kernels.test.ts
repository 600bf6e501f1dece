import { expect } from 'chai'
import { loadAddon } from '../../lib/addon/load.ts'
import { lower, simclrFamily, simclrSettings } from '../../lib/augment/index.ts'
import { tinySpec, withLearner } from '../learn/support.ts'
import { rejection } from '../support/rejection.ts'
import { countingKernels, needGpu, paper, relative } from './support.ts'

/** Small: compute-sanitizer runs these too, hundreds of times slower. */
describe("our kernels against LibTorch's operations and the CPU", () => {
  before(needGpu)

  for (const input of ['bf16', 'fp16'] as const) {
    for (const [rows, dim] of [
      [2, 128],
      [300, 128],
      [130, 40],
    ] as const) {
      it(`NT-Xent of ${rows} rows of ${dim}, ${input}: tensor cores against plain operations`, async () => {
        const z = Float32Array.from({ length: rows * dim }, (_, i) => Math.sin(i * i * 0.37))
        const options = { dim, temperature: 0.2, scale: 1, normalize: true, device: 'cuda:0', input } as const
        const { value: ours, calls } = await countingKernels(() => loadAddon().ntXent(z, options))
        expect(calls.contrast).to.equal(1)
        const other = await countingKernels(() => loadAddon().ntXent(z, { ...options, plain: true }))
        expect(other.calls.contrast).to.equal(0)
        const plain = other.value
        expect(ours.loss).to.be.closeTo(plain.loss, 2e-3)
        expect(ours.entropy).to.be.closeTo(plain.entropy, 2e-3)
        if (rows > 2) expect(relative(ours.gradient, plain.gradient)).to.be.below(1e-2)
        const again = loadAddon().ntXent(z, options)
        expect([...again.gradient]).to.deep.equal([...ours.gradient])
      })
    }
  }

  for (const [what, dim, changes] of [
    ['float32 rows', 40, { input: undefined }],
    ['rows of 129', 129, {}],
    ['three views', 40, { views: 3 }],
    ['rows of any length', 40, { normalize: false }],
    ['a temperature of 0.02', 40, { temperature: 0.02 }],
  ] as const) {
    it(`NT-Xent of ${what} is left to plain operations, which have the CPU's numbers`, async () => {
      const z = Float32Array.from({ length: 12 * dim }, (_, i) => Math.sin(i * i * 0.37) / 4)
      const usual = { dim, temperature: 0.2, scale: 1, normalize: true, input: 'bf16' } as const
      const { input, ...options } = { ...usual, ...changes }
      const on = (device: string) =>
        loadAddon().ntXent(z, { ...options, ...(input === undefined ? {} : { input }), device })
      const { value, calls } = await countingKernels(() => on('cuda:0'))
      expect(calls.contrast).to.equal(0)
      const cpu = on('cpu')
      expect(value.loss).to.be.closeTo(cpu.loss, 1e-4 * Math.max(1, cpu.loss))
      expect(relative(value.gradient, cpu.gradient)).to.be.below(1e-2)
    })
  }

  for (const [size, convention] of [
    [16, 'paper'],
    [16, 'torch'],
    [43, 'paper'], // just below 48 KiB of shared memory, with what the kernel has of its own above
    [62, 'paper'],
    [80, 'torch'],
  ] as const) {
    it(`views of ${size} px, ${convention}: a step from a batch equals one from the CPU's views`, async () => {
      const addon = loadAddon()
      const store = new addon.ImageStore(8)
      await store.fillScenes({ seed: 3, first: 0, count: 8, size: 24 })
      const settings = { ...simclrSettings(convention, size, 1), verticalFlip: 0.5, quarterTurn: 0.75 }
      const augmenter = new addon.Augmenter(lower(simclrFamily(settings), size))
      const options = {
        indices: Uint32Array.from([3, 1, 4, 7]),
        epochs: Uint32Array.from([0, 0, 1, 2]),
        seed: 5,
        views: 2,
        labels: null,
      }
      const batch = augmenter.batch(store, options)
      const pixels = await batch.pixels({ threads: 1, path: 'plain' })
      const ours = await batch.pixels({ threads: 1, device: 'cuda:0' })
      for (const [i, value] of ours.entries())
        if (!(Math.abs(value - pixels[i]!) <= 1e-3)) expect(value, `pixel ${i}`).to.equal(pixels[i])
      const spec = tinySpec({ ...paper, precision: 'fp32', device: 'cuda:0' })
      const given = {
        name: 'views',
        dtype: 'F32',
        shape: [8, size, size, 3],
        data: new Uint8Array(pixels.buffer),
      } as const
      const made = await withLearner(spec, (learner) => learner.step(batch, 0.1))
      expect(made).to.include({ viewsOn: 'gpu', viewsProblem: null })
      const copied = await withLearner(spec, (learner) =>
        learner.stepViews({ ...given, shape: [...given.shape] }, null, 0.1),
      )
      expect(copied.viewsOn).to.equal(null)
      expect(made.loss).to.be.closeTo(copied.loss, 1e-3)
      expect(made.gradientNorm).to.be.closeTo(copied.gradientNorm, 1e-2 * copied.gradientNorm)
    })
  }

  /** Eight scenes in ten slots, as where two files could not be decoded, and a batch of them. */
  async function scenes({ streamed = false, size = 16 } = {}) {
    const addon = loadAddon()
    const store = new addon.ImageStore(10, streamed)
    const whole = new addon.ImageStore(8)
    await whole.fillScenes({ seed: 3, first: 0, count: 8, size: 24 })
    for (let i = 0; i < 8; i++) store.set(i, whole.get(i))
    const augmenter = new addon.Augmenter(lower(simclrFamily(simclrSettings('paper', size, 1)), size))
    const batch = (indices: ArrayLike<number>) =>
      augmenter.batch(store, {
        ...{ indices: Uint32Array.from(indices), epochs: new Uint32Array(indices.length) },
        ...{ seed: 5, views: 2, labels: null },
      })
    return { store, batch }
  }

  for (const precision of ['bf16', 'fp16', 'fp32', 'tf32'] as const) {
    it(`a training step in ${precision} is computed by every kernel it has`, async () => {
      const { batch } = await scenes()
      const spec = tinySpec({ ...paper, precision, device: 'cuda:0' })
      await withLearner(spec, async (learner) => {
        const { value, calls } = await countingKernels(() => learner.step(batch([3, 1, 4, 7]), 0.1))
        expect(value).to.include({ viewsOn: 'gpu', viewsProblem: null, skipped: false })
        const norms = (await learner.state()).filter(({ name }) => name.endsWith('.running_mean'))
        const half = precision === 'bf16' || precision === 'fp16'
        expect(calls).to.deep.equal({
          views: 1,
          batchNorm: norms.length,
          contrast: half ? 1 : 0,
          optimizer: 1,
        })
      })
    })
  }

  it('images that could not be decoded leave views on the GPU, and naming one is an error', async () => {
    const { batch } = await scenes()
    await withLearner(tinySpec({ ...paper, precision: 'bf16', device: 'cuda:0' }), async (learner) => {
      expect((await learner.step(batch([3, 1, 4, 7]), 0.1)).viewsOn).to.equal('gpu')
      expect(await rejection(learner.step(batch([3, 9]), 0.1)))
        .to.have.property('message')
        .that.includes('slot 9')
      expect((await learner.step(batch([3, 1, 4, 7]), 0.1)).viewsOn).to.equal('gpu')
    })
  })

  it('views of images that come and go are made on the CPU, which is told once', async () => {
    const { batch } = await scenes({ streamed: true })
    await withLearner(tinySpec({ ...paper, precision: 'bf16', device: 'cuda:0' }), async (learner) => {
      const first = await learner.step(batch([3, 1, 4, 7]), 0.1)
      expect(first.viewsOn).to.equal('cpu')
      expect(first.viewsProblem).to.include('streamed')
      expect(await learner.step(batch([3, 1, 4, 7]), 0.1)).to.include({ viewsOn: 'cpu', viewsProblem: null })
    })
  })

  it('a batch that no GPU has memory for: the error says of what, and what to lower; smaller ones go on', async () => {
    const { batch } = await scenes({ size: 224 })
    await withLearner(tinySpec({ ...paper, precision: 'tf32', device: 'cuda:0' }), async (learner) => {
      const huge = batch(new Uint32Array(1e6)) // 2 * 224 * 224 * 3 floats of each: 1.2 TB
      const error = (await rejection(learner.step(huge, 0.1))) as Error & { code: string }
      expect(error.code).to.equal('ERR_SIMCLR_OUT_OF_MEMORY')
      expect(error.message).to.include('a step of 1000000 images in 2 views, precision tf32, on cuda:0')
      expect(error.message).to.include("set `precision` to 'bf16'")
      expect((await learner.step(batch([3, 1, 4, 7]), 0.1)).loss).to.be.above(0)
    })
  })
})
