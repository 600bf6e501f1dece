import { expect } from 'chai'
import fc from 'fast-check'
import { anyOptions } from '../support/any-options.ts'
import { trainsOrIsRefused } from '../support/either.ts'
import { temporaryFolder } from '../support/folder.ts'

// Many more, another set each time, in test/slow/property.test.ts.

describe('any options', function () {
  this.timeout(300_000)
  const path = temporaryFolder()

  it('train two steps or are refused before anything starts', async () => {
    const outcomes = { trained: 0, refused: 0 }
    const property = fc.asyncProperty(anyOptions, async (options) => {
      outcomes[await trainsOrIsRefused(options, path('run'))]++
    })
    await fc.assert(property, { numRuns: 80, seed: 1, endOnFailure: true })
    expect(outcomes.trained).to.be.above(5)
    expect(outcomes.refused).to.be.above(5)
  })
})
