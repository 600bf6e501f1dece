/** Looks at every image of a set, as decoding it would, and keeps none: what `simclr data info` tells. */
import { formatList } from '../format.ts'
import type { Dataset, DatasetDescription } from './dataset.ts'
import { namesByReason, skippedBy, summarizeSkipped } from './skipped.ts'
import type { Skipped, SkipReason } from './types.ts'

export interface DatasetReport extends DatasetDescription {
  /** Images that can be decoded. */
  usable: number
  grey: number
  colour: number
  /** Width and height of the smallest and the largest image, by pixels. */
  smallest: [number, number] | null
  largest: [number, number] | null
  /** Images by shorter side: from `from` to below `below` pixels (null: no end). */
  sizes: { from: number; below: number | null; count: number }[]
  /** What was left out, files beside the images included. */
  skipped: { reason: SkipReason; count: number; names: string[] }[]
  /** Of memory, once decoded with images shrunk to `shorterSide`. */
  bytes: number
  shorterSide: number | null
}

export interface InspectOptions {
  /** What images would be shrunk to. Default 448. */
  shorterSide?: number | null
  signal?: AbortSignal | undefined
  onProgress?: ((done: number, total: number) => void) | undefined
}

/** Where one bar of the histogram ends and the next begins. */
const edges = [0, 32, 64, 128, 256, 512, 1024, 2048]

/** The set must have been opened with `shorterSide: null`, so that sizes are the images' own. */
export async function inspect(set: Dataset, options: InspectOptions = {}): Promise<DatasetReport> {
  const { shorterSide = 448 } = options
  const skipped: Skipped[] = []
  const counts = edges.map(() => 0)
  const report = { usable: 0, grey: 0, colour: 0, bytes: 0 }
  let smallest: [number, number] | null = null
  let largest: [number, number] | null = null
  for await (const { index, value: image, error } of set.decoded({ signal: options.signal })) {
    options.onProgress?.(index + 1, set.count)
    if (image === undefined) {
      skipped.push(skippedBy(error, set.nameOf(index)))
      continue
    }
    const { width, height } = image
    const channels = image.channels === 1 ? 1 : 3
    report.usable += 1
    report[channels === 1 ? 'grey' : 'colour'] += 1
    report.bytes += storedPixels(width, height, shorterSide) * channels
    counts[edges.findLastIndex((edge) => Math.min(width, height) >= edge)]! += 1
    const pixels = width * height
    if (smallest === null || pixels < smallest[0] * smallest[1]) smallest = [width, height]
    if (largest === null || pixels > largest[0] * largest[1]) largest = [width, height]
  }
  const sizes = edges.map((from, i) => ({ from, below: edges[i + 1] ?? null, count: counts[i]! }))
  return {
    ...set.describe(),
    ...report,
    smallest,
    largest,
    sizes: sizes.filter(({ count }) => count > 0),
    skipped: [...namesByReason([...skipped, ...set.ignored])].map(([reason, names]) => {
      return { reason, count: names.length, names }
    }),
    shorterSide,
  }
}

/** What decoding makes of an image's pixels (decode.ts). */
function storedPixels(width: number, height: number, shorterSide: number | null): number {
  const shorter = Math.min(width, height)
  if (shorterSide === null || shorter <= shorterSide) return width * height
  return Math.round((width * shorterSide) / shorter) * Math.round((height * shorterSide) / shorter)
}

/** The report for people, a few lines. */
export function formatReport(report: DatasetReport, formatBytes: (bytes: number) => string): string {
  const { usable, count, smallest, largest, classes } = report
  const lines: [string, string][] = [
    ['images', usable === count ? `${usable}` : `${usable} of ${count} usable`],
  ]
  if (smallest && largest) {
    const text = (size: [number, number]) => size.join('x')
    const same = text(smallest) === text(largest)
    lines.push(['sizes', same ? `all ${text(smallest)}` : `${text(smallest)} to ${text(largest)} pixels`])
  }
  for (const { from, below, count: images } of report.sizes.length > 1 ? report.sizes : []) {
    const range = below === null ? `${from} and more` : `${from} to ${below - 1}`
    const bar = '#'.repeat(Math.ceil((30 * images) / usable))
    lines.push(['', `shorter side ${range.padEnd(13)} ${String(images).padStart(8)}  ${bar}`])
  }
  lines.push(['channels', `${report.colour} colour, ${report.grey} grey`])
  const why = report.whyUnlabelled === null ? '' : `: ${report.whyUnlabelled}`
  lines.push(['classes', classes ? summarizeClasses(classes) : `none (unlabelled${why})`])
  const skipped = report.skipped.flatMap(({ reason, names }) =>
    names.map((name) => ({ reason, name, detail: '' })),
  )
  lines.push(['skipped', skipped.length === 0 ? 'none' : summarizeSkipped(skipped, 10)])
  const side = report.shorterSide ?? Number.POSITIVE_INFINITY
  const shrunk = report.sizes.some(({ below }) => (below ?? side + 1) > side)
    ? `, shrunk to shorter sides of ${side} pixels`
    : ''
  lines.push(['memory', `${formatBytes(report.bytes)} once decoded${shrunk}`])
  return [report.name, ...lines.map(([name, text]) => `  ${name.padEnd(9)}${text}`)].join('\n')
}

function summarizeClasses(classes: { name: string; count: number }[]): string {
  const counts = classes.map(({ name, count }) => `${name} ${count}`)
  return `${classes.length}: ${formatList(counts, 20)}`
}
