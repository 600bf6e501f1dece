import fc from 'fast-check'
import { anyOptions } from '../support/any-options.ts'
import { trainsOrIsRefused } from '../support/either.ts'
import { temporaryFolder } from '../support/folder.ts'
import { tiny, trained } from '../support/tiny.ts'

describe('any options, many', function () {
  this.timeout(1_200_000)
  const path = temporaryFolder()

  before(() => trained({ ...tiny, objective: 'supervised', epochs: 1, out: path('classifier') }))

  it('train two steps or are refused before anything starts', async () => {
    const property = fc.asyncProperty(anyOptions(path('classifier')), async (options) => {
      await trainsOrIsRefused(options, path('run'))
    })
    await fc.assert(property, { numRuns: 200 })
  })
})
