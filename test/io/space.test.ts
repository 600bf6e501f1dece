import { expect } from 'chai'
import { requireSpace } from '../../lib/io/space.ts'
import { temporaryFolder } from '../support/folder.ts'
import { rejection } from '../support/rejection.ts'

describe('space on a disk', () => {
  const folder = temporaryFolder()
  const named = { what: 'LibTorch', advice: 'choose a larger disk' }

  it('is named where there is too little, and what to do', async () => {
    const error = await rejection(requireSpace(folder(), 1e18, named))
    expect(error).to.have.property('code', 'ERR_SIMCLR_IO')
    expect(error.message).to.match(
      /^Expected 1000000000000 MB of free disk space for LibTorch in .* but there are \d+ MB\. Free some, or choose a larger disk\.$/,
    )
  })

  it('is enough where there is as much as is needed', async () => {
    await requireSpace(folder(), 1, named)
  })
})
