/** Figures for people: lines on a terminal, and the table of docs/performance.md. */
import type { Figure, Target } from './figure.ts'
import { rewriteMarked } from './marks.ts'

const number = (value: number) => value.toLocaleString('en', { maximumSignificantDigits: 4 })
const times = (ratio: number) => ratio.toFixed(ratio < 0.1 ? 3 : ratio < 10 ? 2 : 1)
const percent = (share: number) => `${(100 * share).toFixed(0)} %`

/** Two lines for a terminal. */
export function formatFigure(figure: Figure): string {
  const { name, ours, peer, unit, ratio, target, met, share, about } = figure
  const against = peer === null ? '' : `  peer ${number(peer)}  ratio ${times(ratio!)}`
  const aim = met === null ? '' : ` (${formatTarget(target!)}${met ? '' : ', missed'})`
  const limit = share ? `  ${percent(share.ours)} of ${share.of}` : ''
  return `${name.padEnd(24)} ${number(ours)} ${unit}${against}${aim}${limit}\n${' '.repeat(25)}${about}; ${how(figure)}`
}

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
  /** Our LibTorch's version. */
  libtorch: string
  /** The state of the code; null: not known. */
  commit: string | null
}

/** Puts the figures between the marks `figures` of a Markdown file: a row for each figure on each machine. */
export async function writeTable(file: string, table: Table): Promise<void> {
  await rewriteMarked(file, 'figures', (inside) => withFigures(inside, table))
}

function withFigures(inside: string, { figures, machine, known, libtorch, commit }: Table): string {
  const before = inside.split('\n')
  const machines = new Map(
    before.filter((line) => line.startsWith('- ')).map((line) => [line.slice(2).split(',')[0]!, line]),
  )
  const rows = new Map(before.filter((line) => line.startsWith('| `')).map((line) => [keyOf(line), line]))
  const here = machine.split(',')[0]!
  machines.set(here, `- ${machine}`)
  const when = `${new Date().toISOString().slice(0, 10)}${commit === null ? '' : ` (${commit})`}`
  for (const figure of figures) {
    const line = row(figure, `${when}, ${here}, ${how(figure, libtorch)}`)
    rows.set(keyOf(line), line)
  }
  const keys = known.flatMap((name) => [...machines.keys()].map((of) => `${name} on ${of}`))
  const lines = [
    '',
    ...machines.values(),
    '',
    `| ${header.join(' | ')} |`,
    `|${header.map(() => '---').join('|')}|`,
    ...keys.filter((key) => rows.has(key)).map((key) => rows.get(key)!),
  ]
  return lines.join('\n')
}

/** How often it was measured, and with which versions; a terminal has said ours already. */
function how({ rounds, torch }: Pick<Figure, 'rounds' | 'torch'>, libtorch?: string): string {
  const versions = [libtorch && `LibTorch ${libtorch}`, torch && `PyTorch ${torch}`].filter(Boolean)
  return [rounds === 1 ? 'once' : `median of ${rounds}`, ...versions].join(', ')
}

/** A row's figure and machine. */
function keyOf(line: string): string {
  const cells = line.split('|').map((cell) => cell.trim())
  const [, machine] = cells[1 + header.indexOf('measured')]!.split(', ')
  return `${cells[1]!.replaceAll('`', '')} on ${machine}`
}

function row({ name, ours, peer, unit, ratio, target, met, share, about }: Figure, when: string): string {
  const ofPeer = share && share.peer !== null ? `, ${percent(share.peer)}` : ''
  const cells = [
    `\`${name}\``,
    number(ours),
    peer === null ? '' : number(peer),
    unit,
    ratio === null ? '' : times(ratio),
    target === null ? '' : `${formatTarget(target)}${met === null ? '' : met ? ' ✓' : ' ✗'}`,
    share ? `${percent(share.ours)}${ofPeer} of ${share.of}` : '',
    when,
    about,
  ]
  return `| ${cells.join(' | ')} |`
}

function formatTarget(target: Target): string {
  if ('oursAtMost' in target) return `ours ≤ ${target.oursAtMost}`
  return 'atLeast' in target ? `≥ ${target.atLeast}` : `≤ ${target.atMost}`
}
