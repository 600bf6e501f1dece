/** Figures for people: lines on a terminal, and the table of docs/performance.md. */
import { readFile, writeFile } from 'node:fs/promises'
import type { Figure } from './figure.ts'

const number = (value: number) => value.toLocaleString('en', { maximumSignificantDigits: 4 })
const times = (ratio: number) => ratio.toFixed(ratio < 0.1 ? 3 : ratio < 10 ? 2 : 1)
const percent = (share: number) => `${(100 * share).toFixed(0)} %`

/** Two lines for a terminal. */
export function formatFigure(figure: Figure): string {
  const { name, ours, peer, unit, ratio, target, share, about } = figure
  const against = peer === null ? '' : `  peer ${number(peer)}  ratio ${times(ratio!)}`
  const aim =
    target === null || ratio === null
      ? ''
      : ` (${formatTarget(target)}${met(ratio, target) ? '' : ', missed'})`
  const limit = share ? `  ${percent(share.ours)} of ${share.of}` : ''
  return `${name.padEnd(24)} ${number(ours)} ${unit}${against}${aim}${limit}\n${' '.repeat(25)}${about}; ${how(figure)}`
}

const begin = '<!-- figures -->'
const end = '<!-- /figures -->'
const header = [
  'figure',
  'ours',
  'peer',
  'unit',
  'ratio',
  'target',
  'of the machine: ours, peer',
  'measured',
  'what',
]

export interface Table {
  figures: readonly Figure[]
  /** What describeMachine says; its first words, up to a comma, name the machine. */
  machine: string
  /** The order of the rows. */
  known: readonly string[]
}

/** Puts the figures between the two marks in a Markdown file: a row for each figure on each machine. */
export async function writeTable(file: string, { figures, machine, known }: Table): Promise<void> {
  const text = await readFile(file, 'utf8')
  const from = text.indexOf(begin)
  const to = text.indexOf(end)
  if (from < 0 || to < from) throw new Error(`Expected ${begin} and ${end} in ${file}.`)
  const before = text.slice(from, to).split('\n')
  const machines = new Map(
    before.filter((line) => line.startsWith('- ')).map((line) => [line.slice(2).split(',')[0]!, line]),
  )
  const rows = new Map(before.filter((line) => line.startsWith('| `')).map((line) => [keyOf(line), line]))
  const here = machine.split(',')[0]!
  machines.set(here, `- ${machine}`)
  for (const figure of figures) {
    const line = row(figure, `${new Date().toISOString().slice(0, 10)}, ${here}, ${how(figure)}`)
    rows.set(keyOf(line), line)
  }
  const keys = known.flatMap((name) => [...machines.keys()].map((of) => `${name} on ${of}`))
  const lines = [
    begin,
    '',
    ...machines.values(),
    '',
    `| ${header.join(' | ')} |`,
    `|${header.map(() => '---').join('|')}|`,
    ...keys.filter((key) => rows.has(key)).map((key) => rows.get(key)!),
    '',
  ]
  await writeFile(file, `${text.slice(0, from)}${lines.join('\n')}${text.slice(to)}`)
}

/** How often it was measured, and beside which PyTorch. */
function how({ rounds, torch }: Pick<Figure, 'rounds' | 'torch'>): string {
  return `${rounds === 1 ? 'once' : `median of ${rounds}`}${torch === null ? '' : `, PyTorch ${torch}`}`
}

/** A row's figure and machine. */
function keyOf(line: string): string {
  const cells = line.split('|').map((cell) => cell.trim())
  const [, machine] = cells[1 + header.indexOf('measured')]!.split(', ')
  return `${cells[1]!.replaceAll('`', '')} on ${machine}`
}

function row({ name, ours, peer, unit, ratio, target, share, about }: Figure, when: string): string {
  const ofPeer = share && share.peer !== null ? `, ${percent(share.peer)}` : ''
  const cells = [
    `\`${name}\``,
    number(ours),
    peer === null ? '' : number(peer),
    unit,
    ratio === null ? '' : times(ratio),
    target === null ? '' : `${formatTarget(target)}${ratio === null ? '' : met(ratio, target) ? ' ✓' : ' ✗'}`,
    share ? `${percent(share.ours)}${ofPeer} of ${share.of}` : '',
    when,
    about,
  ]
  return `| ${cells.join(' | ')} |`
}

function formatTarget(target: NonNullable<Figure['target']>): string {
  return 'atLeast' in target ? `≥ ${target.atLeast}` : `≤ ${target.atMost}`
}

function met(ratio: number, target: NonNullable<Figure['target']>): boolean {
  return 'atLeast' in target ? ratio >= target.atLeast : ratio <= target.atMost
}
