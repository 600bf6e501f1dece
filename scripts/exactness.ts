/**
 * Writes the generated parts of docs/exactness.md from the output of `simclr verify` and from
 * test/mutants/results.json.
 *
 *   simclr verify --golden DIR --json > verify.jsonl
 *   npm run docs:exactness -- --golden DIR --from verify.jsonl
 *   npm run docs:exactness                      renders the page again, from docs/exactness.json
 *
 * docs/exactness.json keeps what was measured; output for some of the files only (`--only`) replaces theirs. A
 * test renders the page from what is kept and compares.
 */
import { readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'

import type { Quantity } from '../lib/verify/verify.ts'
import type { MutantResult } from '../test/mutants/mutant.ts'
import { goldenQuantities } from '../test/verify/quantities.ts'
import { readFlags } from './command-line.mjs'
import { type AskedOfGradients, gradientRow, type Measurement, rowsOf } from './exactness/measure.ts'
import { renderPage } from './exactness/page.ts'
import { thisMachine } from './this-machine.ts'

const page = at('docs/exactness.md')
const kept = at('docs/exactness.json')

function at(file: string): string {
  return fileURLToPath(new URL(`../${file}`, import.meta.url))
}

function readJson<T>(file: string): T {
  return JSON.parse(readFileSync(file, 'utf8')) as T
}

/** Lines of `simclr verify --json` without its summary. */
function readQuantities(file: string): Quantity[] {
  const lines = readFileSync(file, 'utf8').split('\n').filter(Boolean)
  return lines.map((line) => JSON.parse(line)).filter((line) => 'quantity' in line)
}

function measurement(quantities: readonly Quantity[], golden: string): Measurement {
  const files = [...new Set(quantities.map(({ file }) => file))]
  const machine = thisMachine()
  return {
    machines: Object.fromEntries(files.map((file) => [file, machine])),
    rows: rowsOf(quantities),
    gradients: files
      .filter((file) => file.startsWith('resnet_'))
      .flatMap((file) => {
        const own = quantities.filter((quantity) => quantity.file === file)
        return gradientRow(file, own, readJson<AskedOfGradients>(path.join(golden, file))) ?? []
      }),
  }
}

/** `after` over `before`: files that it has replace theirs. */
function merge(before: Measurement, after: Measurement): Measurement {
  const measured = new Set(after.rows.map(({ file }) => file))
  const over = <T extends { file: string }>(old: T[], fresh: T[]) =>
    [...old.filter(({ file }) => !measured.has(file)), ...fresh].sort((a, b) => (a.file < b.file ? -1 : 1))
  return {
    machines: { ...before.machines, ...after.machines },
    rows: over(before.rows, after.rows),
    gradients: over(before.gradients, after.gradients),
  }
}

const { values } = readFlags({
  options: { from: { type: 'string', multiple: true, default: [] }, golden: { type: 'string' } },
})
let measured = readJson<Measurement>(kept)
if (values.from.length > 0) {
  const golden = values.golden ?? at('test/golden')
  measured = merge(measured, measurement(values.from.flatMap(readQuantities), golden))
  writeFileSync(kept, `${JSON.stringify(measured, null, 1)}\n`)
}
const mutants = readJson<MutantResult[]>(at('test/mutants/results.json'))
writeFileSync(page, renderPage(readFileSync(page, 'utf8'), measured, mutants, Object.keys(goldenQuantities)))
