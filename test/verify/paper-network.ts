/** The original's networks as golden files describe them, and a test that each variable has its place. */
import { expect } from 'chai'

import { type GoldenVariable, learnerFor, Placed } from '../../lib/verify/network.ts'

const blocksOf: Record<number, [kind: 'basic' | 'bottleneck', counts: number[]]> = {
  18: ['basic', [2, 2, 2, 2]],
  34: ['basic', [3, 4, 6, 3]],
  50: ['bottleneck', [3, 4, 6, 3]],
  101: ['bottleneck', [3, 4, 23, 3]],
  152: ['bottleneck', [3, 8, 36, 3]],
  200: ['bottleneck', [3, 24, 36, 3]],
}

/** The variables that the original's network of this geometry has, by the golden files' grammar of roles. */
export function paperVariables(
  depth: number,
  width: number,
  stem: 'cifar' | 'imagenet',
  sk: number,
): GoldenVariable[] {
  const out: GoldenVariable[] = []
  const kernel = (role: string, ...shape: number[]) => out.push({ role, shape, kind: 'kernel' })
  const norm = (role: string, channels: number, shift = true) => {
    const add = (name: string, kind: GoldenVariable['kind']) =>
      out.push({ role: `${role}.${name}`, shape: [channels], kind })
    add('gamma', 'gamma')
    if (shift) add('beta', 'beta')
    add('moving_mean', 'mean')
    add('moving_variance', 'var')
  }
  const [block, counts] = blocksOf[depth]!
  const base = 64 * width
  if (stem === 'imagenet' && sk > 0) {
    kernel('stem.conv0.kernel', 3, 3, 3, base / 2)
    norm('stem.bn0', base / 2)
    kernel('stem.conv1.kernel', 3, 3, base / 2, base / 2)
    norm('stem.bn1', base / 2)
    kernel('stem.conv2.kernel', 3, 3, base / 2, base)
    norm('stem.bn2', base)
  } else {
    const size = stem === 'cifar' ? 3 : 7
    kernel('stem.conv0.kernel', size, size, 3, base)
    norm('stem.bn0', base)
  }
  let input = base
  counts.forEach((count, group) => {
    const filters = base * 2 ** group
    const output = block === 'basic' ? filters : 4 * filters
    for (let i = 0; i < count; i++) {
      const at = `group${group + 1}.block${i}`
      if (i === 0) {
        kernel(`${at}.shortcut.conv.kernel`, 1, 1, input, output)
        norm(`${at}.shortcut.bn`, output)
      }
      if (block === 'basic') {
        kernel(`${at}.conv1.kernel`, 3, 3, input, filters)
        norm(`${at}.bn1`, filters)
        kernel(`${at}.conv2.kernel`, 3, 3, filters, filters)
        norm(`${at}.bn2`, filters)
      } else {
        kernel(`${at}.conv1.kernel`, 1, 1, input, filters)
        norm(`${at}.bn1`, filters)
        if (sk > 0) {
          const squeeze = Math.max(Math.floor(filters * sk), 32)
          kernel(`${at}.sk.conv.kernel`, 3, 3, filters, 2 * filters)
          norm(`${at}.sk.bn`, 2 * filters)
          kernel(`${at}.sk.squeeze.kernel`, 1, 1, filters, squeeze)
          norm(`${at}.sk.squeeze_bn`, squeeze)
          kernel(`${at}.sk.expand.kernel`, 1, 1, squeeze, 2 * filters)
        } else {
          kernel(`${at}.conv2.kernel`, 3, 3, filters, filters)
          norm(`${at}.bn2`, filters)
        }
        kernel(`${at}.conv3.kernel`, 1, 1, filters, output)
        norm(`${at}.bn3`, output)
      }
      input = output
    }
  })
  for (const layer of [0, 1]) {
    kernel(`head.${layer}.dense.kernel`, input, input)
    norm(`head.${layer}.bn`, input)
  }
  kernel('head.2.dense.kernel', input, 128)
  norm('head.2.bn', 128, false)
  return out
}

type Geometry = readonly [width: number, stem: 'cifar' | 'imagenet', skRatio: number]

/**
 * Widths, stems and kinds of 3x3 convolution that a depth is tried with. Making weights takes its time: deeper networks are
 * narrower.
 */
export function usualGeometries(depth: number): readonly Geometry[] {
  const width = depth > 50 ? 0.25 : 1
  const another: readonly Geometry[] = depth > 50 ? [] : [[depth === 18 ? 2 : 0.5, 'cifar', 0]]
  const selective: readonly Geometry[] =
    depth < 50
      ? []
      : [
          [width, 'imagenet', 0.0625],
          [width, 'cifar', 0.0625],
        ]
  return [[width, 'imagenet', 0], ...another, ...selective]
}

/** Defines a test for each geometry. */
export function itHasAPlaceForEveryVariable(depth: number, of = usualGeometries(depth)): void {
  for (const [width, stem, sk] of of) {
    it(`ResNet-${depth}, width ${width}, ${stem} stem${sk ? ', selective kernels' : ''}`, async function () {
      this.timeout(120_000)
      const variables = paperVariables(depth, width, stem, sk)
      using learner = learnerFor(
        { depth, width, stem, convention: 'paper', skRatio: sk },
        { layers: 3, dim: 128, precision: 'fp32', device: 'cpu' },
      )
      const state = new Placed(variables, 'paper').state(await learner.state(), 5)
      await learner.load(state)
      const trainable = variables.filter(({ role }) => !role.includes('moving_'))
      const elements = (head: boolean) =>
        trainable
          .filter(({ role }) => role.startsWith('head.') === head)
          .reduce((sum, { shape }) => sum + shape.reduce((n, size) => n * size, 1), 0)
      expect(learner.parameterCount).to.deep.equal({ encoder: elements(false), head: elements(true) })
    })
  }
}
