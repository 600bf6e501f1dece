/** The tables of docs/exactness.md as text. */
import { type MutantResult, resultsByMistake } from '../../test/mutants/mutant.ts'
import { mutants } from '../../test/mutants/table.ts'
import { type TrapRow, trapTable } from '../../test/mutants/traps.ts'
import {
  type Arithmetic,
  type GradientRow,
  type Measurement,
  type Row,
  share,
  type Worst,
} from './measure.ts'

/**
 * The page with its generated parts, between `<!-- name -->` and `<!-- /name -->`, written anew. `golden`: files that
 * should have been measured.
 */
export function renderPage(
  page: string,
  measured: Measurement,
  caught: readonly MutantResult[],
  golden: readonly string[],
): string {
  let text = fill(page, 'summary', `${summaryTable(measured)}${unmeasured(measured, golden)}`)
  text = fill(text, 'gradients', gradientTable(measured.gradients))
  text = fill(text, 'files', `${machineList(measured)}\n\n${fileTable(measured.rows)}`)
  return fill(text, 'mutants', mutantTables(caught))
}

const subjects: [prefix: string, subject: string][] = [
  ['ntxent_', 'NT-Xent'],
  ['lars_', 'LARS'],
  ['lr_', 'learning rate'],
  ['resnet_paper', 'ResNet, paper'],
  ['resnet_torch', 'ResNet, torch'],
  ['trainsteps_', 'five training steps'],
  ['augment_paper', 'augmentation, paper'],
  ['augment_torch', 'augmentation, torch'],
  ['names_', "lightly's names"],
]

/** Rows of one subject and kind taken together over its files. */
function summaryTable({ rows, machines }: Measurement): string {
  const merged = new Map<string, Row>()
  for (const row of rows) {
    const subject = subjects.find(([prefix]) => row.file.startsWith(prefix))?.[1] ?? row.file
    const key = `${subject} ${row.kind}`
    const sum = merged.get(key) ?? { ...row, file: subject, count: 0, failed: 0, worst: {} }
    merged.set(key, sum)
    sum.count += row.count
    sum.failed += row.failed
    for (const [arithmetic, worst] of Object.entries(row.worst) as [Arithmetic, Worst][]) {
      const before = sum.worst[arithmetic]
      if (!before || share(worst) > share(before)) sum.worst[arithmetic] = worst
    }
  }
  const total = (of: (row: Row) => number) => rows.reduce((sum, row) => sum + of(row), 0)
  const failed = total((row) => row.failed)
  const files = new Set(rows.map(({ file }) => file)).size
  const all = failed === 0 ? 'all within their tolerances' : `**${failed} outside**`
  return `${total((row) => row.count)} quantities of ${files} files, ${all}; measured on
${[...new Set(Object.values(machines))].join(' and ')}. Each cell is the error that comes nearest to its tolerance, and (that tolerance):

${table(['subject', 'quantities', 'number', 'float32', 'float64'], [...merged.values()].flatMap(cells))}`
}

function unmeasured({ rows }: Measurement, golden: readonly string[]): string {
  const missing = golden.filter((file) => !rows.some((row) => row.file === file))
  return missing.length === 0 ? '' : `\n\nNot measured yet: ${missing.join(', ')}.`
}

/** A line for each machine: what was measured there. */
function machineList({ rows, machines }: Measurement): string {
  const files = [...new Set(rows.map(({ file }) => file))]
  const lines = [...new Set(files.map((file) => machines[file]!))].map((machine) => {
    const own = files.filter((file) => machines[file] === machine)
    return `- ${machine}: ${own.map((file) => file.replace('.json', '')).join(', ')}`
  })
  return `Measured on:\n\n${lines.join('\n')}`
}

function fileTable(rows: readonly Row[]): string {
  return table(['golden file', 'quantities', 'number', 'float32', 'float64'], rows.flatMap(cells))
}

/** A row's cells; float32 with exact sums gets a line of its own. */
function cells({ file, kind, count, worst }: Row): string[][] {
  const name = file.replace('.json', '')
  const exact = worst['fp32, sums in fp64']
  const lines = [[name, kind, String(count), cell(worst.fp32), cell(worst.fp64)]]
  if (exact) lines.push([name, `${kind}, float32 with sums in float64`, '', cell(exact), ''])
  return lines
}

function cell(worst: Worst | undefined): string {
  if (!worst) return ''
  const { error, tolerance, pass } = worst
  const text = error === null ? 'not computed' : number(error)
  return `${pass ? '' : '**fails** '}${text} (${number(tolerance)})`
}

/** Two digits. */
function number(value: number): string {
  if (value === 0) return '0'
  if (value >= 0.01) return String(Number(value.toPrecision(2)))
  return value.toExponential(1).replace('.0e', 'e')
}

function gradientTable(rows: readonly GradientRow[]): string {
  const lines = rows.map(({ file, asked, original, ours, beyond, variables, exactSums }) => [
    file.replace('.json', ''),
    number(asked),
    number(original),
    number(ours),
    `${beyond} of ${variables}`,
    number(exactSums),
  ])
  const head = [
    'golden file',
    'asked',
    'the original in float32',
    'training kernels',
    'of them beyond what is asked',
  ]
  return table([...head, 'with sums in float64'], lines)
}

function mutantTables(results: readonly MutantResult[]): string {
  const byMistake = resultsByMistake(mutants, results)
  const failuresOf = (mistake: string) => {
    const failed = byMistake.get(mistake)?.failed.length
    return failed === undefined ? 'not tried yet' : failed === 0 ? '**none**' : String(failed)
  }
  const parts = Object.entries<TrapRow>(trapTable).map(([trap, { title }]) => {
    const lines = mutants
      .filter((mutant) => mutant.trap === trap)
      .map(({ mistake, file, test }) => [mistake, `\`${file}\``, `\`${test}\``, failuresOf(mistake)])
    const head = ['mistake put in', 'file', 'test that fails', 'failures']
    return `### ${title}\n\n${table(head, lines)}`
  })
  const caught = [...byMistake.values()].filter(({ failed }) => failed.length > 0).length
  const others = [
    [byMistake.size - caught, '**not caught**'],
    [mutants.length - byMistake.size, 'not tried yet'],
  ] as const
  const rest = others.flatMap(([count, what]) => (count > 0 ? [`${count} ${what}`] : []))
  return `${[`${mutants.length} mistakes: ${caught} caught`, ...rest].join(', ')}.\n\n${parts.join('\n\n')}`
}

function table(head: string[], rows: readonly string[][]): string {
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n')
}

function fill(text: string, name: string, content: string): string {
  const [begin, end] = [`<!-- ${name} -->`, `<!-- /${name} -->`]
  const [start, stop] = [text.indexOf(begin), text.indexOf(end)]
  if (start < 0 || stop < start) throw new Error(`Expected ${begin} and ${end} in docs/exactness.md`)
  return `${text.slice(0, start + begin.length)}\n\n${content}\n\n${text.slice(stop)}`
}
