import { expect } from 'chai'
import { loadAddon } from '../../lib/addon/load.ts'
import { lower, simclrFamily, simclrSettings } from '../../lib/augment/index.ts'
import { tinySpec, withLearner } from '../learn/support.ts'
import { needGpu, paper, relative } from './support.ts'

/** Small: compute-sanitizer runs these too, hundreds of times slower. */
describe("our kernels against LibTorch's operations and the CPU", () => {
  before(needGpu)

  for (const input of ['bf16', 'fp16'] as const) {
    for (const [rows, dim] of [
      [2, 128],
      [300, 128],
      [130, 40],
    ] as const) {
      it(`NT-Xent of ${rows} rows of ${dim}, ${input}: tensor cores against plain operations`, () => {
        const z = Float32Array.from({ length: rows * dim }, (_, i) => Math.sin(i * i * 0.37))
        const options = { dim, temperature: 0.2, scale: 1, normalize: true, device: 'cuda:0', input } as const
        const ours = loadAddon().ntXent(z, options)
        const plain = loadAddon().ntXent(z, { ...options, plain: true })
        expect(ours.loss).to.be.closeTo(plain.loss, 2e-3)
        expect(ours.entropy).to.be.closeTo(plain.entropy, 2e-3)
        if (rows > 2) expect(relative(ours.gradient, plain.gradient)).to.be.below(1e-2)
        const again = loadAddon().ntXent(z, options)
        expect([...again.gradient]).to.deep.equal([...ours.gradient])
      })
    }
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
      const spec = tinySpec({ ...paper, precision: 'fp32', device: 'cuda:0' })
      const given = {
        name: 'views',
        dtype: 'F32',
        shape: [8, size, size, 3],
        data: new Uint8Array(pixels.buffer),
      } as const
      const made = await withLearner(spec, (learner) => learner.step(batch, 0.1))
      const copied = await withLearner(spec, (learner) =>
        learner.stepViews({ ...given, shape: [...given.shape] }, null, 0.1),
      )
      expect(made.loss).to.be.closeTo(copied.loss, 1e-3)
      expect(made.gradientNorm).to.be.closeTo(copied.gradientNorm, 1e-2 * copied.gradientNorm)
    })
  }
})
