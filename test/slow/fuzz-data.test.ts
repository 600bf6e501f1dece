import { fuzz } from '../data/fuzz.ts'
import { temporaryFolder } from '../support/folder.ts'

describe('thousands of damaged files', function () {
  this.timeout(15 * 60_000)
  fuzz(3000, temporaryFolder())
})
