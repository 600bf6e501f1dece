import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

import { expect } from 'chai'

import { fingerprint, type Mutant, type MutantResult, resultsByMistake } from './mutant.ts'
import { mutants } from './table.ts'
import { trapTable } from './traps.ts'

const at = (file: string) => fileURLToPath(new URL(`../../${file}`, import.meta.url))

describe('mutants', () => {
  for (const { mistake, file, from, to } of mutants) {
    it(`can be put in: ${mistake}`, () => {
      expect(readFileSync(at(file), 'utf8').split(from)).to.have.length(2)
      expect(to).not.to.equal(from)
    })
  }

  it('have each row of the trap table', () => {
    expect([...new Set(mutants.map(({ trap }) => trap))]).to.have.members(Object.keys(trapTable))
  })

  it('have been tried, all of them as they stand, and caught (npm run test:mutants -- --missing --record)', () => {
    const results = JSON.parse(readFileSync(at('test/mutants/results.json'), 'utf8')) as MutantResult[]
    const tried = resultsByMistake(mutants, results)
    expect(mutants.map(({ mistake }) => mistake).filter((mistake) => !tried.has(mistake))).to.deep.equal([])
    expect([...tried.values()].filter(({ failed }) => failed.length === 0)).to.deep.equal([])
    expect(results).to.have.lengthOf(mutants.length)
  })

  it('count as not tried once they are changed', () => {
    const [mutant] = mutants as [Mutant]
    const { trap, mistake, file, test } = mutant
    const result = { trap, mistake, file, test, fingerprint: fingerprint(mutant), failed: ['a test'] }
    expect(resultsByMistake([mutant], [result]).get(mistake)).to.equal(result)
    expect(resultsByMistake([{ ...mutant, to: `${mutant.to} ` }], [result])).to.have.property('size', 0)
    expect(resultsByMistake([{ ...mutant, grep: 'another' }], [result])).to.have.property('size', 0)
  })
})
