import { readFileSync } from 'node:fs'
import { expect } from 'chai'
import { embedOptions, encoderOptions, loadOptions, randomOptions } from '../../lib/config/encoder-options.ts'
import { listOptions } from '../../lib/config/messages.ts'
import { trainOptions } from '../../lib/config/options.ts'
import { evaluateOptions } from '../../lib/evaluate/options.ts'
import { ntXentOptions } from '../../lib/ops/loss.ts'
import { adamOptions, larsOptions } from '../../lib/ops/optimizer.ts'
import { optionTypes } from '../../scripts/option-types.ts'
import { optionsPage } from '../../scripts/options-doc.ts'
import { optionsSchema } from '../../scripts/options-schema.ts'

const written = (name: string) => readFileSync(new URL(`../../${name}`, import.meta.url), 'utf8')

describe('docs/options.md', () => {
  it('is what the schema says; if not: npx tsx scripts/options-doc.ts', () => {
    expect(written('docs/options.md')).to.equal(optionsPage())
  })
})

describe('types of options', () => {
  for (const [file, text] of Object.entries(optionTypes())) {
    it(`of ${file} are what the schemas say; if not: npx tsx scripts/option-types.ts`, () => {
      expect(written(file)).to.equal(text)
    })
  }

  it('tell of every option in an editor what it does', () => {
    const prose = Object.values(optionTypes())
      .join('\n')
      .replaceAll(/\s+(\* )?/g, ' ')
    for (const schema of [
      trainOptions,
      encoderOptions,
      loadOptions,
      randomOptions,
      embedOptions,
      evaluateOptions,
      ntXentOptions,
      adamOptions,
      larsOptions,
    ]) {
      for (const { name, doc } of listOptions(schema)) {
        expect(prose, name).to.contain(doc.about)
        if (doc.unit !== undefined) expect(prose, name).to.contain(`${doc.expected.slice(1)}, ${doc.unit}.`)
      }
    }
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
