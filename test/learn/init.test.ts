import { expect } from 'chai'

import type { Convention, NativeTensor } from '../../lib/addon/interface.ts'
import { floats, tinySpec, withLearner } from './support.ts'

/** Fresh state of a network with enough weights to measure. */
async function fresh(convention: Convention, seed: number): Promise<Map<string, NativeTensor>> {
  const spec = tinySpec({
    encoder: { arch: 'resnet18', width: 0.5, stem: 'cifar', convention, skRatio: 0 },
    head: { layers: 3, dim: 64, convention },
    precision: 'fp32',
    classes: 10,
    seed,
  })
  const state = await withLearner(spec, (learner) => learner.state())
  return new Map(state.map((tensor) => [tensor.name, tensor]))
}

/** In units of `deviation`: mean, variance, kurtosis, largest magnitude; and the count behind them. */
function moments(tensors: NativeTensor[], deviation: (shape: number[]) => number) {
  const values = tensors.flatMap((tensor) => {
    const unit = deviation(tensor.shape)
    return Array.from(floats(tensor), (x) => x / unit)
  })
  const power = (n: number) => values.reduce((sum, x) => sum + x ** n, 0) / values.length
  const largest = values.reduce((most, x) => Math.max(most, Math.abs(x)), 0)
  return {
    count: values.length,
    mean: power(1),
    variance: power(2),
    kurtosis: power(4) / power(2) ** 2,
    largest,
  }
}

const fanIn = ([, inputs, height = 1, width = 1]: number[]) => inputs! * height * width
const fanOut = ([outputs, , height = 1, width = 1]: number[]) => outputs! * height * width

describe('initialisation', () => {
  const state = { paper: new Map<string, NativeTensor>(), torch: new Map<string, NativeTensor>() }
  before(async () => {
    for (const convention of ['paper', 'torch'] as const) state[convention] = await fresh(convention, 1)
  })

  const of = (convention: Convention, pattern: RegExp, dimensions: number) =>
    [...state[convention].values()].filter(
      ({ name, shape }) =>
        pattern.test(name) && shape.length === dimensions && !name.startsWith('optimizer.'),
    )

  /** Five standard errors of each moment, for the distribution's own higher moments. */
  function expectMoments(
    actual: ReturnType<typeof moments>,
    expected: { variance: number; kurtosis: number; largest: [number, number] },
  ): void {
    expect(actual.count).to.be.greaterThan(100_000)
    const error = 5 / Math.sqrt(actual.count)
    expect(actual.mean).to.be.closeTo(0, error * Math.sqrt(expected.variance))
    expect(actual.variance / expected.variance).to.be.closeTo(1, error * Math.sqrt(expected.kurtosis - 1))
    expect(actual.kurtosis).to.be.closeTo(expected.kurtosis, 10 * error)
    expect(actual.largest).to.be.within(...expected.largest)
  }

  // Standard normal cut at ±2: variance 0.7737, fourth moment 1.4161 (closed form).
  it('paper convolutions: normal cut at two deviations, variance 1 / fan-in', () => {
    const convolutions = of('paper', /^encoder\./, 4)
    const edge = 2 / 0.87962566103423978
    expectMoments(
      moments(convolutions, (shape) => Math.sqrt(1 / fanIn(shape))),
      { variance: 1, kurtosis: 2.3659, largest: [0.99 * edge, 1.000001 * edge] },
    )
  })

  it('paper dense layers: normal, deviation 0.01', () => {
    expectMoments(
      moments(of('paper', /^(head|classifier)\./, 2), () => 0.01),
      { variance: 1, kurtosis: 3, largest: [4, 6] },
    )
  })

  it('torch convolutions: Kaiming normal, fan-out', () => {
    expectMoments(
      moments(of('torch', /^encoder\./, 4), (shape) => Math.sqrt(2 / fanOut(shape))),
      { variance: 1, kurtosis: 3, largest: [4, 6.5] },
    )
  })

  it('torch dense layers: uniform within 1 / sqrt(fan-in)', () => {
    expectMoments(
      moments(of('torch', /^head\./, 2), (shape) => 1 / Math.sqrt(fanIn(shape))),
      { variance: 1 / 3, kurtosis: 1.8, largest: [0.999, 1] },
    )
  })

  it('scales are 1, shifts 0, statistics 0 and 1; paper blocks end with scale 0', () => {
    for (const convention of ['paper', 'torch'] as const) {
      for (const { name, shape, ...tensor } of state[convention].values()) {
        if (shape.length !== 1 || name.startsWith('optimizer.')) continue
        const last = /layer\d\.\d\.bn2\.weight$/.test(name) && convention === 'paper'
        const wanted = /running_var$/.test(name) || (/\.weight$/.test(name) && !last) ? 1 : 0
        expect(new Set(floats({ name, shape, ...tensor })), name).to.deep.equal(new Set([wanted]))
      }
    }
  })

  it('is a function of seed and name', async () => {
    const again = await fresh('torch', 1)
    const other = await fresh('torch', 2)
    for (const [name, tensor] of state.torch) {
      expect(again.get(name)!.data, name).to.deep.equal(tensor.data)
      if (tensor.shape.length > 1 && !name.startsWith('optimizer.'))
        expect(other.get(name)!.data, name).not.to.deep.equal(tensor.data)
    }
    const layers = of('torch', /layer1\.\d\.conv\d\.weight$/, 4).map(({ data }) => data.slice(0, 64).join())
    expect(new Set(layers).size).to.equal(layers.length)
  })
})
