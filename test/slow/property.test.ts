import fc from 'fast-check'
import { anyOptions } from '../support/any-options.ts'
import { trainsOrIsRefused } from '../support/either.ts'
import { temporaryFolder } from '../support/folder.ts'

describe('any options, many', function () {
  this.timeout(1_200_000)
  const path = temporaryFolder()

  it('train two steps or are refused before anything starts', async () => {
    const property = fc.asyncProperty(anyOptions, async (options) => {
      await trainsOrIsRefused(options, path('run'))
    })
    await fc.assert(property, { numRuns: 400 })
  })
})
