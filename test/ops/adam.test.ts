import { expect } from 'chai'

import type { Complete } from '../../lib/config/layers.ts'
import { type AdamOptions, type AdamVariable, ops } from '../../lib/ops/index.ts'
import { largestDifference, relativeL2 } from '../../lib/verify/compare.ts'
import { randomRows } from './naive.ts'

type Name = 'adam' | 'adamw'

/** torch/optim/adam.py and adamw.py, and tf.keras's form, one number at a time. */
function rule(name: Name, options: Complete<AdamOptions>) {
  const { convention, beta1, beta2, epsilon, weightDecay, decayAll } = options
  return ({ weight, gradient, firstMoment, secondMoment, excluded }: AdamVariable, lr: number, t: number) => {
    const decay = excluded && !decayAll ? 0 : weightDecay
    const [correction1, correction2] = [1 - beta1 ** t, 1 - beta2 ** t]
    for (let i = 0; i < weight.length; i++) {
      const g = gradient[i]! + (name === 'adam' ? decay * weight[i]! : 0)
      firstMoment[i] = beta1 * firstMoment[i]! + (1 - beta1) * g
      secondMoment[i] = beta2 * secondMoment[i]! + (1 - beta2) * g * g
      const step =
        convention === 'torch'
          ? ((lr / correction1) * firstMoment[i]!) / (Math.sqrt(secondMoment[i]! / correction2) + epsilon)
          : (((lr * Math.sqrt(correction2)) / correction1) * firstMoment[i]!) /
            (Math.sqrt(secondMoment[i]!) + epsilon)
      weight[i]! -= step + (name === 'adamw' ? lr * decay * weight[i]! : 0)
    }
  }
}

/** Sizes around the edges of vectors and chunks (32768). */
const sizes = [1, 7, 16, 33, 1037, 32_770]

function variables(
  Numbers: Float32ArrayConstructor | Float64ArrayConstructor = Float64Array,
): AdamVariable[] {
  return sizes.flatMap((size, i) =>
    [false, true].map((excluded) => ({
      weight: Numbers.from(randomRows(size, i + 1)),
      gradient: new Numbers(size),
      firstMoment: new Numbers(size),
      secondMoment: new Numbers(size),
      excluded,
    })),
  )
}

const gradientOf = (variable: number, step: number, length: number) => {
  const gradient = randomRows(length, 100 * step + variable).map((x) => x * 10 ** ((variable % 5) - 4))
  return step === 3 && variable === 4 ? gradient.fill(0) : gradient
}
const rates = Array.from({ length: 20 }, (_, step) => 0.01 * (1 + (step % 4)))

const base: Complete<AdamOptions> = {
  convention: 'torch',
  beta1: 0.9,
  beta2: 0.999,
  epsilon: 1e-8,
  weightDecay: 0.1,
  decayAll: false,
}

for (const name of ['adam', 'adamw'] as const) {
  describe(`ops.${name}`, () => {
    for (const changes of [
      {},
      { weightDecay: 0 },
      { decayAll: true },
      { beta1: 0, beta2: 0.5, weightDecay: 0 },
      { epsilon: 0.1 },
      { convention: 'paper', epsilon: 0.1 },
    ] as const) {
      it(`20 steps of the formula in float64 and float32, ${JSON.stringify(changes)}`, () => {
        const options = { ...base, ...changes }
        const [ours, single, theirs] = [variables(), variables(Float32Array), variables()]
        for (const [step, lr] of rates.entries()) {
          for (const [i, { gradient }] of theirs.entries()) {
            gradient.set(gradientOf(i, step, gradient.length))
            ours[i]!.gradient.set(gradient)
            single[i]!.gradient.set(gradient)
          }
          ops[name](ours, lr, step + 1, options)
          ops[name](single, lr, step + 1, options)
          for (const variable of theirs) rule(name, options)(variable, lr, step + 1)
          theirs.forEach((expected, i) => {
            for (const key of ['weight', 'firstMoment', 'secondMoment'] as const) {
              const place = `${key} ${i}, step ${step + 1}`
              expect(largestDifference(ours[i]![key], expected[key]), place).to.be.at.most(1e-12)
              expect(relativeL2(single[i]![key], expected[key]), place).to.be.at.most(5e-6)
            }
          })
        }
      })
    }

    it('has the defaults of torch.optim, and with them of tf.keras in the convention of the paper', () => {
      for (const [convention, epsilon] of [
        ['torch', 1e-8],
        ['paper', 1e-7],
      ] as const) {
        const after = (options: AdamOptions) => {
          const [one] = variables().slice(4, 5) as [AdamVariable]
          one.gradient.fill(1e-7)
          ops[name]([one], 0.01, 1, options)
          return one
        }
        const decay = name === 'adam' ? 0 : 0.01
        expect(after({ convention })).to.deep.equal(
          after({ convention, beta1: 0.9, beta2: 0.999, epsilon, weightDecay: decay, decayAll: false }),
        )
        if (convention === 'torch') expect(after({})).to.deep.equal(after({ convention }))
      }
    })

    it('says what was expected of variables and step', () => {
      const weight = new Float32Array(3)
      const zeros = () => new Float32Array(3)
      const good = { weight, gradient: zeros(), firstMoment: zeros(), secondMoment: zeros() }
      for (const [change, step, message] of [
        [{ secondMoment: undefined }, 1, 'Expected a Float32Array for `variables[0].secondMoment`'],
        [{ firstMoment: new Float32Array(2) }, 1, '`variables[0].firstMoment.length` but received 2'],
        [{ gradient: new Float64Array(3) }, 1, 'Expected a Float32Array for `variables[0].gradient`'],
        [{}, 0, 'Expected an integer of at least 1 for `step` but received 0'],
        [{}, undefined, '`step` but received undefined'],
      ] as const) {
        expect(() => ops[name]([{ ...good, ...change } as AdamVariable], 0.1, step as number))
          .to.throw(message)
          .with.property('code', 'ERR_SIMCLR_INVALID_ARGUMENT')
      }
      for (const options of [{ beta1: 1 }, { beta2: -0.1 }, { epsilon: 0 }, { momentum: 0.9 }])
        expect(() => ops[name]([good], 0.1, 1, options as AdamOptions), JSON.stringify(options)).to.throw(
          /Expected/,
        )
    })
  })
}

describe('Adam and AdamW', () => {
  const one = (w: number, g: number, excluded = false): AdamVariable => ({
    weight: Float64Array.of(w),
    gradient: Float64Array.of(g),
    firstMoment: new Float64Array(1),
    secondMoment: new Float64Array(1),
    excluded,
  })

  it('the first step is lr long, against the gradient, however large that is', () => {
    for (const name of ['adam', 'adamw'] as const) {
      for (const g of [1e-3, -5, 1e6]) {
        const variable = one(2, g)
        ops[name]([variable], 0.1, 1, { weightDecay: 0 })
        expect(variable.weight[0]).to.be.closeTo(2 - 0.1 * Math.sign(g), 1e-5)
      }
    }
  })

  it('decay alone: joined to the gradient it is lr long, decoupled lr · decay · weight; neither where excluded', () => {
    for (const [name, excluded, expected] of [
      ['adam', false, 2 - 0.1],
      ['adamw', false, 2 * (1 - 0.1 * 0.01)],
      ['adam', true, 2],
      ['adamw', true, 2],
    ] as const) {
      const variable = one(2, 0, excluded)
      ops[name]([variable], 0.1, 1, { weightDecay: 0.01 })
      expect(variable.weight[0], `${name} ${excluded}`).to.be.closeTo(expected, 1e-6)
    }
  })
})
