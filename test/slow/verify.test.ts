import { readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { expect } from 'chai'

import { verifyFolder } from '../../lib/verify/verify.ts'
import { needShared } from '../support/shared.ts'
import { goldenQuantities } from '../verify/quantities.ts'

describe('verify, every golden file there is', () => {
  it('passes; those of the repository, which npm test verifies, are the same files', async function () {
    this.timeout(3_600_000)
    const folder = needShared(this, 'golden')
    const copies = new URL('../golden/', import.meta.url)
    for (const name of readdirSync(copies)) {
      const same = readFileSync(path.join(folder, name)).equals(readFileSync(new URL(name, copies)))
      expect(same, name).to.equal(true)
    }

    const others = readdirSync(folder).filter((name) => name.endsWith('.json') && !(name in goldenQuantities))
    expect(others).to.have.length(11)
    for (const name of others) {
      const quantities = await verifyFolder(folder, { only: name.replace('.json', '.') })
      expect(
        quantities.filter(({ pass }) => !pass),
        name,
      ).to.deep.equal([])
      expect(quantities, name).to.have.length.above(200)
    }
  })
})
