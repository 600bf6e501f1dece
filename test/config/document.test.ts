import { readFileSync } from 'node:fs'
import { expect } from 'chai'
import { listOptions } from '../../lib/config/messages.ts'
import { trainOptions } from '../../lib/config/options.ts'
import { optionsPage } from '../../scripts/options-doc.ts'
import { optionsSchema } from '../../scripts/options-schema.ts'

const written = (name: string) => readFileSync(new URL(`../../${name}`, import.meta.url), 'utf8')

describe('docs/options.md', () => {
  it('is what the schema says; if not: npx tsx scripts/options-doc.ts', () => {
    expect(written('docs/options.md')).to.equal(optionsPage())
  })
})

describe('options.schema.json', () => {
  it('is what the schema says; if not: npx tsx scripts/options-schema.ts', () => {
    expect(written('options.schema.json')).to.equal(optionsSchema())
  })

  it('tells of every option that a file can hold what it does and takes', () => {
    interface Node {
      properties?: Record<string, Node>
      description?: string
      type?: string
      anyOf?: object[]
    }
    const root: Node = JSON.parse(optionsSchema())
    for (const { name, doc } of listOptions(trainOptions)) {
      const node = name.split('.').reduce<Node | undefined>((at, key) => at?.properties?.[key], root)
      if (doc.flag === null) expect(node, name).to.equal(undefined)
      else {
        expect(node?.description, name).to.contain(doc.about)
        expect(node?.type ?? node?.anyOf, name).not.to.equal(undefined)
      }
    }
  })
})
