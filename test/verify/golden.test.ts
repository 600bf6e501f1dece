import { readdirSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

import { expect } from 'chai'

import { verifyFolder } from '../../lib/verify/verify.ts'
import { goldenQuantities } from './quantities.ts'

const folder = fileURLToPath(new URL('../golden/', import.meta.url))

describe('golden numbers', () => {
  it('are all listed here', () => {
    expect(readdirSync(folder).filter((name) => name.endsWith('.json'))).to.have.members(
      Object.keys(goldenQuantities),
    )
  })

  for (const [file, count] of Object.entries(goldenQuantities)) {
    it(`${file}: ${count} quantities within their tolerances`, async function () {
      this.timeout(300_000)
      const name = file.replace('.json', '.')
      const results = await verifyFolder(folder, { only: name })
      expect(results.filter(({ pass }) => !pass)).to.deep.equal([])
      expect(results).to.have.length(count)
    })
  }
})
