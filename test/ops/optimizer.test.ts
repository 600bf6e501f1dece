import { expect } from 'chai'

import type { Complete } from '../../lib/config/layers.ts'
import { type LarsOptions, ops, type SgdOptions, type Variable } from '../../lib/ops/index.ts'
import { largestDifference } from '../../lib/verify/compare.ts'
import { randomRows } from './naive.ts'

type Rule = (variable: Required<Variable>, lr: number) => void

function norm(values: ArrayLike<number>): number {
  let sum = 0
  for (let i = 0; i < values.length; i++) sum += values[i]! ** 2
  return Math.sqrt(sum)
}

/** tf2/lars_optimizer.py, line by line, one number at a time. */
function paperLars(options: Complete<LarsOptions>): Rule {
  const { momentum: m, nesterov, weightDecay, trustCoefficient, classicMomentum } = options
  return ({ weight, gradient, momentum, excluded }, lr) => {
    const g = Array.from(gradient, (x, i) => x + (excluded ? 0 : weightDecay) * weight[i]!)
    const trustOf = (update: number[]) => {
      const [w, u] = [norm(weight), norm(update)]
      return excluded || w === 0 || u === 0 ? 1 : (trustCoefficient * w) / u
    }
    if (classicMomentum) {
      const rate = lr * trustOf(g)
      g.forEach((x, i) => {
        momentum[i] = m * momentum[i]! + rate * x
        weight[i]! -= nesterov ? m * momentum[i]! + rate * x : momentum[i]!
      })
    } else {
      const update = g.map((x, i) => {
        momentum[i] = m * momentum[i]! + x
        return nesterov ? m * momentum[i]! + x : momentum[i]!
      })
      const rate = lr * trustOf(update)
      update.forEach((x, i) => {
        weight[i]! -= rate * x
      })
    }
  }
}

/** lightly/utils/lars.py likewise. */
function torchLars(options: Complete<LarsOptions>): Rule {
  const { momentum: m, nesterov, weightDecay, trustCoefficient, epsilon } = options
  return ({ weight, gradient, momentum, excluded }, lr) => {
    const [w, g] = [norm(weight), norm(gradient)]
    const adapts = !excluded && weightDecay !== 0 && w !== 0 && g !== 0
    const factor = (trustCoefficient * w) / (g + weightDecay * w + epsilon)
    gradient.forEach((x, i) => {
      const step = adapts ? factor * (x + weightDecay * weight[i]!) : x
      momentum[i] = m * momentum[i]! + step
      weight[i]! -= lr * (nesterov ? step + m * momentum[i]! : momentum[i]!)
    })
  }
}

/** torch.optim.SGD likewise. */
function torchSgd({ momentum: m, nesterov, weightDecay, decayAll }: Complete<SgdOptions>): Rule {
  return ({ weight, gradient, momentum, excluded }, lr) => {
    const decay = excluded && !decayAll ? 0 : weightDecay
    gradient.forEach((x, i) => {
      const g = x + decay * weight[i]!
      momentum[i] = m * momentum[i]! + g
      weight[i]! -= lr * (nesterov ? g + m * momentum[i]! : momentum[i]!)
    })
  }
}

/** Sizes around the edges of vectors, blocks (1024) and chunks (32768); one weight is all zeros. */
const sizes = [1, 7, 16, 33, 1024, 1037, 32_768, 70_001]

function variables(): Required<Variable>[] {
  const made = sizes.flatMap((size, i) =>
    [false, true].map((excluded) => ({
      weight: randomRows(size, i + 1),
      gradient: new Float64Array(size),
      momentum: new Float64Array(size),
      excluded,
    })),
  )
  made.push({
    weight: new Float64Array(50),
    gradient: new Float64Array(50),
    momentum: new Float64Array(50),
    excluded: false,
  })
  return made
}

/** Several steps with a changing lr, from 0; gradients vanish for one variable at one step. */
function compare(step: (variables: Variable[], lr: number) => void, rule: Rule): void {
  const ours = variables()
  const theirs = variables()
  for (const [t, lr] of [0, 0.4, 0.7, 0.1, 0.3].entries()) {
    for (const [i, variable] of ours.entries()) {
      const gradient = randomRows(variable.weight.length, 100 * t + i)
      if (t === 2 && i === 3) gradient.fill(0)
      if (i === ours.length - 1 && t < 2) gradient.fill(0) // zero weight, zero gradient
      variable.gradient.set(gradient)
      theirs[i]!.gradient.set(gradient)
    }
    step(ours, lr)
    for (const variable of theirs) rule(variable, lr)
    theirs.forEach(({ weight, momentum }, i) => {
      expect(largestDifference(ours[i]!.weight, weight), `weight ${i}, step ${t}`).to.be.at.most(1e-12)
      expect(largestDifference(ours[i]!.momentum, momentum), `momentum ${i}, step ${t}`).to.be.at.most(1e-12)
    })
  }
  expect(norm(ours.at(-1)!.weight), 'a zero weight moves').to.be.greaterThan(0)
}

describe('LARS', () => {
  const base = {
    momentum: 0.9,
    weightDecay: 1e-4,
    trustCoefficient: 0.001,
    epsilon: 1e-8,
    classicMomentum: true,
  }
  for (const nesterov of [false, true]) {
    for (const classicMomentum of [false, true]) {
      for (const weightDecay of [0, 1e-4]) {
        const options = { ...base, convention: 'paper', nesterov, classicMomentum, weightDecay } as const
        it(`paper, ${JSON.stringify({ nesterov, classicMomentum, weightDecay })}`, () => {
          compare((variables, lr) => ops.lars(variables, lr, options), paperLars(options))
        })
      }
    }
    for (const momentum of [0, 0.9]) {
      for (const weightDecay of [0, 1e-4]) {
        const options = { ...base, convention: 'torch', nesterov, momentum, weightDecay } as const
        it(`torch, ${JSON.stringify({ nesterov, momentum, weightDecay })}`, () => {
          compare((variables, lr) => ops.lars(variables, lr, options), torchLars(options))
        })
      }
    }
  }

  it('scales each array by its own norms, whatever they are', () => {
    const of = (scale: number): Variable => ({
      weight: Float32Array.of(3 * scale, 4 * scale),
      gradient: Float32Array.of(0, 1),
      momentum: new Float32Array(2),
    })
    const pair = [of(1), of(1000)]
    ops.lars(pair, 1, { weightDecay: 0 })
    expect(pair[0]!.weight[1]).to.be.closeTo(4 - 0.001 * 5, 1e-6)
    expect(pair[1]!.weight[1]).to.be.closeTo(4000 - 0.001 * 5000, 1e-3)
  })

  it('leaves excluded arrays to plain momentum', () => {
    const bias = {
      weight: Float32Array.of(3, 4),
      gradient: Float32Array.of(0, 1),
      momentum: new Float32Array(2),
    }
    ops.lars([{ ...bias, excluded: true }], 0.5, { weightDecay: 0.1 })
    expect([...bias.weight]).to.deep.equal([3, 3.5])
    expect([...bias.momentum]).to.deep.equal([0, 0.5])
  })

  it('keeps norms exact enough in float32', () => {
    const size = 1_000_000
    const weight = Float32Array.from({ length: size }, (_, i) => 1 + (i % 7) * 1e-3)
    const gradient = new Float32Array(size).fill(0.5)
    const momentum = new Float32Array(size)
    const expected = (0.001 * norm(weight)) / norm(gradient)
    ops.lars([{ weight, gradient, momentum }], 1, { weightDecay: 0 })
    expect(momentum[12345]! / 0.5 / expected).to.be.closeTo(1, 2e-7)
  })
})

describe('SGD', () => {
  for (const nesterov of [false, true]) {
    for (const decayAll of [false, true]) {
      const options = { momentum: 0.9, weightDecay: 5e-4, nesterov, decayAll }
      it(JSON.stringify({ nesterov, decayAll }), () => {
        compare((variables, lr) => ops.sgd(variables, lr, options), torchSgd(options))
      })
    }
  }
})

describe('optimizers', () => {
  it('give the same bits every time', () => {
    const once = () => {
      const all = variables().map((variable) => ({
        ...variable,
        weight: Float32Array.from(variable.weight),
        gradient: Float32Array.from(variable.weight, (x) => Math.sin(9 * x)),
        momentum: new Float32Array(variable.weight.length),
      }))
      for (const lr of [0.3, 0.2]) ops.lars(all, lr)
      return all.map(({ weight }) => weight)
    }
    expect(once()).to.deep.equal(once())
  })

  it('refuse arrays that do not fit', () => {
    const weight = new Float32Array(3)
    const step = (variable: Partial<Variable>) => () =>
      ops.sgd([{ weight, gradient: weight.slice(), momentum: weight.slice(), ...variable }], 0.1)
    expect(step({ gradient: new Float32Array(2) })).to.throw(
      'Expected 3 numbers, as many as weights, for `variables[0].gradient.length` but received 2.',
    )
    expect(step({ momentum: new Float64Array(3) })).to.throw(
      'Expected a Float32Array for `variables[0].momentum` but received Float64Array(3)',
    )
    expect(step({ weight: [1, 2, 3] as unknown as Float32Array })).to.throw(
      'Expected a Float32Array or Float64Array for `variables[0].weight` but received [ 1, 2, 3 ].',
    )
  })
})
