import { expect } from 'chai'
import fc from 'fast-check'
import { listOptions } from '../../lib/config/messages.ts'
import { trainOptions } from '../../lib/config/options.ts'
import { anyOptions, namesOf, unvaried } from '../support/any-options.ts'
import { trainsOrIsRefused } from '../support/either.ts'
import { temporaryFolder } from '../support/folder.ts'
import { tiny, trained } from '../support/tiny.ts'

// Many more, another set each time, in test/slow/property.test.ts.

describe('any options', function () {
  this.timeout(600_000)
  const path = temporaryFolder()

  before(() => trained({ ...tiny, objective: 'supervised', epochs: 1, out: path('classifier') }))

  it('are of every kind that there is', () => {
    const seen = new Set(
      fc.sample(anyOptions('runs/a'), { numRuns: 300, seed: 1 }).flatMap((any) => namesOf(any)),
    )
    const names = listOptions(trainOptions).map(({ name }) => name)
    expect(names.filter((name) => !seen.has(name))).to.have.members(unvaried)
  })

  it('train two steps or are refused before anything starts', async () => {
    const outcomes = { trained: 0, refused: 0 }
    const learnt = new Set<string>()
    const property = fc.asyncProperty(anyOptions(path('classifier')), async (options) => {
      const outcome = await trainsOrIsRefused(options, path('run'))
      outcomes[outcome]++
      if (outcome === 'trained') learnt.add(options.objective ?? 'by the preset')
    })
    await fc.assert(property, { numRuns: 40, seed: 1, endOnFailure: true })
    expect(outcomes.trained).to.be.above(5)
    expect(outcomes.refused).to.be.above(5)
    expect([...learnt]).to.include.members(['supervised', 'distill'])
  })
})
