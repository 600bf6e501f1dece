import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

import { expect } from 'chai'

import { fingerprint, type Mutant, type MutantResult, resultsByMistake, testHash } from './mutant.ts'
import { mutants } from './table.ts'
import { trapTable } from './traps.ts'

const at = (file: string) => fileURLToPath(new URL(`../../${file}`, import.meta.url))

describe('mutants', () => {
  const read = (file: string) => readFileSync(at(file), 'utf8')
  const recorded = () => JSON.parse(read('test/mutants/results.json')) as MutantResult[]

  for (const { mistake, file, from, to } of mutants) {
    it(`can be put in: ${mistake}`, () => {
      expect(read(file).split(from)).to.have.length(2)
      expect(to).not.to.equal(from)
    })
  }

  it('have each row of the trap table', () => {
    expect([...new Set(mutants.map(({ trap }) => trap))]).to.have.members(Object.keys(trapTable))
  })

  it('have been tried, all of them as they stand, and caught (npm run test:mutants -- --missing --record)', () => {
    const results = recorded()
    const tried = resultsByMistake(mutants, results)
    expect(mutants.map(({ mistake }) => mistake).filter((mistake) => !tried.has(mistake))).to.deep.equal([])
    expect([...tried.values()].filter(({ failed }) => failed.length === 0)).to.deep.equal([])
    expect(results).to.have.lengthOf(mutants.length)
  })

  it('were caught by tests that are still what they were', function () {
    const files = recorded().flatMap((result) =>
      testHash(result.test, read) === result.testHash ? [] : [result.test],
    )
    if (files.length === 0) return
    // A note, no failure: most changes of a test take nothing from it.
    const counts = [...new Set(files)].map(
      (file) => `${file} (${files.filter((one) => one === file).length})`,
    )
    this.test!.title =
      `have to be tried again, ${files.length}, as their tests were changed: ${counts.join(', ')} (npm run test:mutants -- --missing --record)`
    this.skip()
  })

  it('have a hash of the code that notices them: the test with what it imports from test/', () => {
    const files: Record<string, string> = {
      'test/a/a.test.ts':
        "import { b } from './b.ts'\nimport { c } from '../c.ts'\nimport d from '../../lib/d.ts'",
      'test/a/b.ts': "import { c } from '../c.ts'",
      'test/c.ts': "import type { A } from './a/a.test.ts'\nexport const c = 1e-6",
      'lib/d.ts': 'd',
    }
    const hash = (changes: Record<string, string> = {}) =>
      testHash('test/a/a.test.ts', (file) => ({ ...files, ...changes })[file]!)
    expect(hash({ 'lib/d.ts': 'e' })).to.equal(hash())
    for (const file of ['test/a/a.test.ts', 'test/a/b.ts', 'test/c.ts'])
      expect(hash({ [file]: `${files[file]} // weaker` }), file).not.to.equal(hash())
  })

  it('count as not tried once they are changed', () => {
    const [mutant] = mutants as [Mutant]
    const { trap, mistake, file, test } = mutant
    const found = { fingerprint: fingerprint(mutant), failed: ['a test'], testHash: '' }
    const result = { trap, mistake, file, test, ...found }
    expect(resultsByMistake([mutant], [result]).get(mistake)).to.equal(result)
    expect(resultsByMistake([{ ...mutant, to: `${mutant.to} ` }], [result])).to.have.property('size', 0)
    expect(resultsByMistake([{ ...mutant, grep: 'another' }], [result])).to.have.property('size', 0)
  })
})
