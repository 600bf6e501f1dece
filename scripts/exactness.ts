/**
 * Writes the measured parts of docs/exactness.md: what `simclr verify` found, by file and kind of quantity, and
 * which mutants the tests caught (test/mutants/results.json).
 *
 *   npm run docs:exactness -- --golden DIR
 */
import { readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'

import { type Quantity, verifyFolder } from '../lib/verify/verify.ts'
import type { MutantResult } from './mutants.ts'

const page = fileURLToPath(new URL('../docs/exactness.md', import.meta.url))
const results = fileURLToPath(new URL('../test/mutants/results.json', import.meta.url))

/** Kinds of quantities, the first that matches. */
const kinds: [pattern: RegExp, kind: string][] = [
  [/^parameters/, 'parameter counts'],
  [/^features_eval |^eval |_eval |_hidden1_eval /, 'evaluation: features, groups, heads'],
  [/^features_train |^train |^head\d_train /, 'training: features, groups, heads'],
  [/^after |^features_eval_after /, 'moving statistics, and evaluation with them'],
  [/contrast_acc/, 'contrastive accuracy'],
  [/contrast_entropy/, 'contrastive entropy'],
  [/global_grad_norm/, 'global gradient norm'],
  [/^plain grad /, 'gradients by variable, float32 sums'],
  [/^grad /, 'gradients by variable, float64 sums'],
  [/supervised_acc/, 'supervised accuracy'],
  [/loss/, 'losses'],
  [/ gradient /, 'gradients'],
  [/^final /, 'variables after the last step'],
  [/steps$|steps fp/, 'step counts'],
  [/lr$| lr fp/, 'learning rates'],
  [/ weights /, 'weights of every step'],
  [/ momentum /, 'momentum after the last step'],
  [/standard errors$/, 'crop distribution, standard errors'],
  [/uint8$/, 'operators on 8-bit images, levels'],
  [/float32$/, 'operators on floats'],
]

interface Row {
  file: string
  kind: string
  count: number
  /** By precision: the quantity that comes nearest to its tolerance. */
  worst: Map<string, Quantity>
}

function rowsOf(quantities: Quantity[]): Row[] {
  const rows = new Map<string, Row>()
  for (const quantity of quantities) {
    const precision = /fp(32|64)$/.exec(quantity.quantity)?.[0] ?? 'fp32'
    const kind = kinds.find(([pattern]) => pattern.test(quantity.quantity))?.[1] ?? 'names and shapes'
    const key = `${quantity.file} ${kind}`
    const row = rows.get(key) ?? { file: quantity.file, kind, count: 0, worst: new Map() }
    rows.set(key, row)
    row.count++
    const before = row.worst.get(precision)
    if (!before || share(quantity) > share(before)) row.worst.set(precision, quantity)
  }
  return [...rows.values()]
}

/** Share of the tolerance that is used up. */
function share({ error, tolerance }: Quantity): number {
  if (error === null) return Infinity
  return tolerance === 0 ? (error === 0 ? 0 : Infinity) : error / tolerance
}

function cell(quantity: Quantity | undefined): string {
  if (!quantity) return ''
  const { error, tolerance, pass } = quantity
  const text = error === null ? 'not computed' : error === 0 ? '0' : error.toExponential(1)
  return `${pass ? '' : '**fails** '}${text} (${tolerance})`
}

function verifyTable(quantities: Quantity[]): string {
  const failed = quantities.filter(({ pass }) => !pass).length
  const lines = [
    `${quantities.length} quantities, ${failed === 0 ? 'all within their tolerances' : `${failed} outside`}. Largest error and (tolerance):`,
    '',
    '| golden file | quantities | number | float32 | float64 |',
    '|---|---|---|---|---|',
  ]
  let last = ''
  for (const { file, kind, count, worst } of rowsOf(quantities)) {
    const name = file === last ? '' : file.replace('.json', '')
    last = file
    lines.push(`| ${name} | ${kind} | ${count} | ${cell(worst.get('fp32'))} | ${cell(worst.get('fp64'))} |`)
  }
  return lines.join('\n')
}

function mutantTable(mutants: MutantResult[]): string {
  const lines = ['| mistake put in | file | test that fails | failures |', '|---|---|---|---|']
  for (const { trap, file, test, failed } of mutants) {
    lines.push(`| ${trap} | \`${file}\` | \`${test}\` | ${failed.length} |`)
  }
  return lines.join('\n')
}

/** Replaces what stands between `<!-- name -->` and `<!-- /name -->`. */
function fill(text: string, name: string, content: string): string {
  const [begin, end] = [`<!-- ${name} -->`, `<!-- /${name} -->`]
  const [start, stop] = [text.indexOf(begin), text.indexOf(end)]
  if (start < 0 || stop < start) throw new Error(`Expected ${begin} and ${end} in docs/exactness.md`)
  return `${text.slice(0, start + begin.length)}\n${content}\n${text.slice(stop)}`
}

const { values } = parseArgs({ options: { golden: { type: 'string' } } })
const golden = values.golden ?? fileURLToPath(new URL('../test/golden', import.meta.url))
const quantities = await verifyFolder(golden, {
  onQuantity: ({ file, quantity, pass }) => pass || process.stderr.write(`fails: ${file} ${quantity}\n`),
})
let text = readFileSync(page, 'utf8')
text = fill(text, 'verify', verifyTable(quantities))
text = fill(text, 'mutants', mutantTable(JSON.parse(readFileSync(results, 'utf8')) as MutantResult[]))
writeFileSync(page, text)
