import { expect } from 'chai'

import { fnv1a, recipeNumbers, recipeValues } from '../../lib/verify/recipe.ts'

// The values are those the golden files' README gives to check an implementation with.
describe('weight recipe', () => {
  it('hashes role names', () => {
    expect(fnv1a('stem.conv0.kernel')).to.equal(0xa6ee9b6b)
  })

  it('draws numbers', () => {
    const numbers = recipeNumbers('stem.conv0.kernel', 1)
    expect([0, 1, 2, 3].map(numbers)).to.deep.equal([
      -0.012421965599060059, 0.5918014049530029, 0.9763598442077637, -0.27105677127838135,
    ])
  })

  it('makes values of each kind', () => {
    const kernel = { role: 'stem.conv0.kernel', shape: [3, 3, 3, 64], kind: 'kernel' as const }
    const values = recipeValues(kernel, 1, 27)
    ;[-0.00414065504, 0.19726713, 0.325453281].forEach((value, i) => {
      expect(values[i]).to.be.closeTo(value, 1e-9)
    })
    expect(values.length).to.equal(3 * 3 * 3 * 64)

    const gamma = recipeValues({ role: 'stem.bn0.gamma', shape: [64], kind: 'gamma' }, 1, 1)
    expect(gamma[0]).to.be.closeTo(0.781848609, 1e-8)

    const torch = recipeValues({ role: 'conv1.weight', shape: [64, 3, 7, 7], kind: 'kernel' }, 1, 147)
    expect(torch[0]).to.be.closeTo(-0.127018839, 1e-8)
    expect(torch[1]).to.be.closeTo(0.0599461272, 1e-8)

    expect([...recipeValues({ role: 'x', shape: [3], kind: null }, 1, 1)]).to.deep.equal([0, 0, 0])
  })
})
