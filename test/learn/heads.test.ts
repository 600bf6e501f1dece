import { expect } from 'chai'

import type { Convention, NativeTensor } from '../../lib/addon/interface.ts'
import { relativeL2 } from '../../lib/verify/compare.ts'
import { floats, tinySpec, views, withLearner } from './support.ts'

const features = 64
const dim = 16

/** Rows times a kernel [out, in], by the definition. */
function dense(rows: number[][], kernel: ArrayLike<number>): number[][] {
  const outputs = kernel.length / rows[0]!.length
  return rows.map((row) =>
    Array.from({ length: outputs }, (_, o) =>
      row.reduce((sum, x, i) => sum + x * kernel[o * row.length + i]!, 0),
    ),
  )
}

/** A fresh head in evaluation mode: statistics 0 and 1, scales 1, shifts 0; ReLU but after the last layer. */
function headByHand(h: number[][], kernels: ArrayLike<number>[]): number[][] {
  return kernels.reduce<number[][]>((z, kernel, i) => {
    const last = i === kernels.length - 1
    return dense(z, kernel).map((row) =>
      row.map((x) => x / Math.sqrt(1 + 1e-5)).map((x) => (last ? x : Math.max(x, 0))),
    )
  }, h)
}

const rowsOf = (tensor: NativeTensor, columns: number) => {
  const values = Array.from(floats(tensor))
  return Array.from({ length: values.length / columns }, (_, i) =>
    values.slice(i * columns, (i + 1) * columns),
  )
}

describe('projection heads', () => {
  for (const hidden of [24, 96]) {
    it(`has middle layers of ${hidden} numbers, by hand, and a gradient for each`, async () => {
      await withLearner(
        tinySpec({ head: { layers: 3, hidden, dim, convention: 'torch' } }),
        async (learner) => {
          const state = (await learner.state()).filter(({ name }) => name.startsWith('head.'))
          const kernels = state.filter(({ shape }) => shape.length === 2)
          expect(kernels.map(({ shape }) => shape)).to.deep.equal([
            [hidden, features],
            [hidden, hidden],
            [dim, hidden],
          ])
          const norms = state.filter(({ name }) => name.endsWith('running_var'))
          expect(norms.map(({ shape }) => shape)).to.deep.equal([[hidden], [hidden], [dim]])
          const images = views(6, 8)
          const result = await learner.forward(images, { training: false, groups: false })
          const wanted = headByHand(rowsOf(result.features, features), kernels.map(floats))
          expect(relativeL2(floats(result.projections!), wanted.flat())).to.be.below(1e-12)
          expect(result.hidden!.shape).to.deep.equal([6, hidden])
          const { gradients } = await learner.gradients(images, null)
          for (const tensor of gradients) expect(floats(tensor).some(Boolean), tensor.name).to.equal(true)
        },
      )
    })
  }

  for (const convention of ['paper', 'torch'] as const satisfies Convention[]) {
    for (const layers of [0, 1, 2, 3, 4]) {
      it(`${convention}, ${layers} layers: names, shapes, output and a gradient for each`, async () => {
        const spec = tinySpec({ head: { layers, dim, convention } })
        await withLearner(spec, async (learner) => {
          const state = (await learner.state()).filter(({ name }) => name.startsWith('head.'))
          const kernels = state.filter(({ shape }) => shape.length === 2)
          expect(kernels.map(({ shape }) => shape)).to.deep.equal(
            Array.from({ length: layers }, (_, i) => [i === layers - 1 ? dim : features, features]),
          )
          // Bias-free layers; the paper's last normalisation has no shift.
          const shifts = state.filter(({ name }) => name.endsWith('.bias'))
          expect(shifts).to.have.length(Math.max(0, convention === 'paper' ? layers - 1 : layers))

          const images = views(6, 8)
          const {
            features: h,
            projections,
            hidden,
          } = await learner.forward(images, {
            training: false,
            groups: false,
          })
          const wanted = headByHand(rowsOf(h, features), kernels.map(floats))
          expect(relativeL2(floats(projections!), wanted.flat())).to.be.below(1e-12)
          expect(hidden === null).to.equal(layers < 2)

          const { gradients, loss } = await learner.gradients(images, null)
          expect(loss).to.be.greaterThan(0)
          for (const { name, ...tensor } of gradients) {
            expect(
              floats({ name, ...tensor }).some((value) => value !== 0),
              name,
            ).to.equal(true)
          }
        })
      })
    }
  }
})
