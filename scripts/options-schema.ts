/**
 * options.schema.json from the option schema, for editors that write files for `simclr train --config`:
 * `npx tsx scripts/options-schema.ts`; a test compares the two.
 */
import { writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { z } from 'zod'
import { listOptions } from '../lib/config/messages.ts'
import { optionDocs } from '../lib/config/option.ts'
import { trainOptions } from '../lib/config/options.ts'
import { described } from './options-doc.ts'

const file = fileURLToPath(new URL('../options.schema.json', import.meta.url))

/** JSON Schema, draft 7, which editors know best. What a file cannot hold, functions and signals, is left out. */
export function optionsSchema(): string {
  const { properties, ...schema } = z.toJSONSchema(trainOptions, {
    target: 'draft-7',
    io: 'input',
    unrepresentable: 'any',
    override: ({ zodSchema, jsonSchema }) => {
      delete jsonSchema.readOnly
      // The largest double and the largest integer are no limits that anyone has to read.
      if (jsonSchema.maximum! >= Number.MAX_SAFE_INTEGER) delete jsonSchema.maximum
      // Images: a source in code is none that a file can hold.
      if (zodSchema._zod.def.type === 'custom') Object.assign(jsonSchema, { type: 'string', minLength: 1 })
      const doc = optionDocs.get(zodSchema as unknown as z.ZodType)
      if (!doc) return
      const isGroup = jsonSchema.type === 'object'
      jsonSchema.description = isGroup ? doc.about : `${described(doc)} Default: ${doc.default}.`
    },
  })
  for (const { name, doc } of listOptions(trainOptions)) if (doc.flag === null) delete properties![name]
  const whole = { ...schema, properties: { $schema: { type: 'string' }, ...properties } }
  return `${JSON.stringify(whole, null, 2)}\n`
}

if (process.argv[1] === fileURLToPath(import.meta.url)) writeFileSync(file, optionsSchema())
