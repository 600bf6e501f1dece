import { readFileSync } from 'node:fs'
import { expect } from 'chai'
import { optionsPage } from '../../scripts/options-doc.ts'

describe('docs/options.md', () => {
  it('is what the schema says; if not: npx tsx scripts/options-doc.ts', () => {
    const page = readFileSync(new URL('../../docs/options.md', import.meta.url), 'utf8')
    expect(page).to.equal(optionsPage())
  })
})
