/** Checks that ranks compute what one process computes. */
import { expect } from 'chai'
import type { LearnerSpec, NativeTensor, OptimizerSpec } from '../../lib/addon/interface.ts'
import { distance, floats, paperLars, tinySpec } from '../learn/support.ts'
import { compute } from './compute.ts'
import { runRanks, type Work } from './ranks.ts'

export const recipes: Record<'torch' | 'paper', Partial<LearnerSpec>> = {
  torch: {},
  paper: {
    encoder: { arch: 'resnet18', width: 0.125, stem: 'cifar', convention: 'paper', skRatio: 0 },
    head: { layers: 3, dim: 16, convention: 'paper' },
    loss: { temperature: 0.1, scale: 2, normalize: true },
    optimizer: paperLars,
  },
}

export const sgd: OptimizerSpec = {
  name: 'sgd',
  momentum: 0.9,
  nesterov: false,
  weightDecay: 5e-4,
  decayAll: true,
}

export function workOf(recipe: Partial<LearnerSpec>, shards: number[], more: Partial<Work> = {}): Work {
  return {
    spec: tinySpec({ ...recipe, classes: 3 }),
    shards,
    images: 11,
    size: 8,
    steps: 0,
    lr: 0.1,
    labelled: true,
    ...more,
  }
}

/** One process with one thread against the ranks. */
export async function both(work: Work) {
  const one = await compute({ ...work.spec, shards: 1 }, work)
  return { one, ranks: await runRanks(work) }
}

/** All tensors of `a` and `b` as one vector each: |a - b|. */
export function travelled(a: NativeTensor[], b: NativeTensor[]): number {
  const others = new Map(b.map((tensor) => [tensor.name, tensor]))
  let sum = 0
  for (const tensor of a) {
    if (tensor.dtype === 'I64') continue
    const x = floats(tensor)
    const y = floats(others.get(tensor.name)!)
    for (let i = 0; i < x.length; i++) sum += (x[i]! - y[i]!) ** 2
  }
  return Math.sqrt(sum)
}

/** One step in fp64, to rounding. */
export async function expectExact(work: Work): Promise<void> {
  const { one, ranks } = await both(work)
  expect(one.gradients.gradientNorm).to.be.greaterThan(0)
  for (const { gradients, state } of ranks) {
    expect(gradients.loss).to.be.closeTo(one.gradients.loss, 1e-10)
    expect(gradients.probeLoss).to.be.closeTo(one.gradients.probeLoss!, 1e-10)
    expect(gradients.entropy).to.be.closeTo(one.gradients.entropy!, 1e-10)
    expect(gradients.contrastiveAccuracy).to.equal(one.gradients.contrastiveAccuracy)
    expect(gradients.probeAccuracy).to.equal(one.gradients.probeAccuracy)
    expect(distance(one.gradients.gradients, gradients.gradients)).to.be.below(1e-10)
    expect(distance(one.state, state)).to.be.below(1e-10)
  }
}

/** One step in fp32, where single ReLUs flip. */
export async function expectClose(work: Work): Promise<void> {
  work.spec.precision = 'fp32'
  const { one, ranks } = await both(work)
  for (const { gradients, state } of ranks) {
    expect(gradients.loss).to.be.closeTo(one.gradients.loss, 1e-5)
    expect(gradients.gradientNorm / one.gradients.gradientNorm).to.be.closeTo(1, 1e-3)
    expect(distance(one.gradients.gradients, gradients.gradients)).to.be.below(1e-2)
    expect(distance(one.state, state), 'running statistics').to.be.below(1e-5)
  }
}
