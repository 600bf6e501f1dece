import { expect } from 'chai'
import type { LearnerSpec, Precision } from '../../lib/addon/interface.ts'
import { toFloat64 } from '../../lib/io/tensor.ts'
import { paper, tinySpec, views, withLearner } from './support.ts'

/** Unit roundoffs: of 8 and of 24 significant bits, to nearest. */
const bf16 = 2 ** -8
const fp32 = 2 ** -24

/** Where values of a network are beside those of float64, in unit roundoffs of its own arithmetic. */
interface Apart {
  bf16: number
  fp32: number
}

/**
 * To first order an error is the unit roundoff times what the network makes of it, its condition, which is a matter of
 * weights and images and not of the arithmetic: measured in float32, where the second order is nothing. In bf16 operands
 * and results of products are rounded, in float32 each product and each sum, so that the two are alike up to a small factor:
 * 1.6 and 0.9 for the networks below. Four is allowed for, either way: fp16 and tf32, of an eighth of the roundoff, are not
 * within.
 */
const factor = 4
/**
 * And whatever the condition: gradients of kernels are sums of products of rounded values, so that at least one rounding
 * shows whole. A rounded value is u / (2 sqrt(3)) or more beside the exact one, in root mean square.
 */
const least = 1 / (2 * Math.sqrt(3))

describe('the gradient of a network in bf16, beside float64', () => {
  /** Of one batch, from the same weights; what is 0 in float64 (branches that begin at 0) left out. */
  async function gradientOf(
    recipe: Partial<LearnerSpec>,
    precision: Precision,
  ): Promise<Map<string, Float64Array>> {
    const weights = await withLearner(tinySpec({ ...recipe, precision: 'fp32' }), (learner) =>
      learner.state(),
    )
    return withLearner(tinySpec({ ...recipe, precision }), async (learner) => {
      await learner.load(weights)
      const { gradients } = await learner.gradients(views(32, 16), null)
      return new Map(gradients.map((tensor) => [tensor.name, toFloat64(tensor)]))
    })
  }

  /** Relative L2 distance over all of them. */
  function apart(a: readonly Float64Array[], b: readonly Float64Array[]): number {
    const squares = (value: (at: number, i: number) => number) =>
      b.reduce((sum, values, at) => values.reduce((part, _, i) => part + value(at, i) ** 2, sum), 0)
    return Math.sqrt(squares((at, i) => a[at]![i]! - b[at]![i]!) / squares((at, i) => b[at]![i]!))
  }

  function expectAlike(of: Apart, what: string): void {
    expect(of.bf16 / of.fp32, `${what}: ${of.bf16} to ${of.fp32} roundoffs`).to.be.within(1 / factor, factor)
    expect(of.bf16, what).to.be.above(least)
  }

  for (const [name, recipe] of [
    ['torch', {}],
    ['paper', paper],
  ] as const) {
    it(`is off as far as a roundoff of 2^-8 makes it, no less and no more: ${name}`, async () => {
      const exact = await gradientOf(recipe, 'fp64')
      const [half, single] = [await gradientOf(recipe, 'bf16'), await gradientOf(recipe, 'fp32')]
      const beside = (names: readonly string[]): Apart => {
        const of = (all: Map<string, Float64Array>) => names.map((each) => all.get(each)!)
        return {
          bf16: apart(of(half), of(exact)) / bf16,
          fp32: apart(of(single), of(exact)) / fp32,
        }
      }
      const names = [...exact.keys()].filter((each) => exact.get(each)!.some((value) => value !== 0))
      expect(names).to.have.length.above(30)
      expectAlike(beside(names), 'all')
      // Each kernel's own: none is left out of bf16, or beyond it, under the weight of the others.
      for (const each of names.filter((one) => /conv|downsample.0|layers.[03]/.test(one))) {
        const { bf16, fp32 } = beside([each])
        expect(bf16 / fp32, `${each}: ${bf16} to ${fp32} roundoffs`).to.be.within(1 / 8, 8)
      }
    })
  }
})
