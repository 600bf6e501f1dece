import { expect } from 'chai'

import { type GoldenVariable, learnerFor, Placed } from '../../lib/verify/network.ts'
import { ourShape, toGoldenLayout, toOurLayout } from '../../lib/verify/roles.ts'
import { itHasAPlaceForEveryVariable, paperVariables } from './paper-network.ts'

describe('golden networks', () => {
  describe('have a place for every variable of', () => {
    for (const depth of [18, 34, 50]) itHasAPlaceForEveryVariable(depth)
  })

  it('names a variable it has no place for, and one that is missing', async () => {
    const variables = paperVariables(18, 1, 'cifar', 0)
    expect(
      () => new Placed([...variables, { role: 'group5.x', shape: [1], kind: 'bias' }], 'paper'),
    ).to.throw(/group5\.x/)
    using learner = learnerFor(
      { depth: 18, width: 1, stem: 'cifar', convention: 'paper', skRatio: 0 },
      { layers: 3, dim: 128, precision: 'fp32', device: 'cpu' },
    )
    const template = await learner.state()
    const without = variables.filter(({ role }) => role !== 'group2.block1.conv1.kernel')
    expect(() => new Placed(without, 'paper').state(template, 1)).to.throw(/layer2\.1\.conv1\.weight/)
    const extra: GoldenVariable = { role: 'group4.block2.conv1.kernel', shape: [3, 3, 1, 1], kind: 'kernel' }
    expect(() => new Placed([...variables, extra], 'paper').state(template, 1)).to.throw(
      /layer4\.2\.conv1\.weight/,
    )
  })

  it('turns kernels from HWIO to OIHW and back', () => {
    const shape = [2, 3, 4, 5]
    const golden = Float32Array.from({ length: 120 }, (_, i) => i)
    expect(ourShape(shape)).to.deep.equal([5, 4, 2, 3])
    const ours = toOurLayout(golden, shape)
    // golden[h, w, i, o] = ours[o, i, h, w]
    expect(ours[((2 * 4 + 3) * 2 + 1) * 3 + 2]).to.equal(((1 * 3 + 2) * 4 + 3) * 5 + 2)
    expect([...toGoldenLayout(Float64Array.from(ours), shape)]).to.deep.equal([...golden])
    expect(ourShape([6, 7])).to.deep.equal([7, 6])
    expect([...toOurLayout(Float32Array.of(1, 2, 3, 4, 5, 6), [2, 3])]).to.deep.equal([1, 4, 2, 5, 3, 6])
  })
})
