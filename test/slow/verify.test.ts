import { expect } from 'chai'

import { verifyFolder } from '../../lib/verify/verify.ts'
import { needShared } from '../support/shared.ts'

describe('verify, every golden file there is', () => {
  it('passes', async function () {
    this.timeout(3_600_000)
    const quantities = await verifyFolder(needShared(this, 'golden'))
    const failed = quantities.filter(({ pass }) => !pass)
    expect(failed).to.deep.equal([])
    expect(quantities.length).to.be.greaterThan(10_000)
  })
})
