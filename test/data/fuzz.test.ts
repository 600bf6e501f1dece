import { temporaryFolder } from '../support/folder.ts'
import { fuzz } from './fuzz.ts'

describe('damaged files', () => {
  fuzz(60, temporaryFolder())
})
