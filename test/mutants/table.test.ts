import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

import { expect } from 'chai'

import type { MutantResult } from './mutant.ts'
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

  it('have each row of the trap table that there is something to do about', () => {
    const rows = Object.entries(trapTable).filter(([, row]) => !('remark' in row))
    expect([...new Set(mutants.map(({ trap }) => trap))]).to.have.members(rows.map(([trap]) => trap))
  })

  it('are caught, all that are recorded; for the others: npm run test:mutants -- --missing --record', () => {
    const results = JSON.parse(readFileSync(at('test/mutants/results.json'), 'utf8')) as MutantResult[]
    expect(results.filter(({ failed }) => failed.length === 0)).to.deep.equal([])
    const known = mutants.map(({ trap, mistake, file, test }) =>
      JSON.stringify({ trap, mistake, file, test }),
    )
    expect(known).to.include.members(results.map(({ failed: _, ...rest }) => JSON.stringify(rest)))
  })
})
