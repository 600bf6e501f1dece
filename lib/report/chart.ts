/** Line charts as SVG text. */

export interface Series {
  name: string
  points: readonly (readonly [x: number, y: number])[]
}

export interface Chart {
  title: string
  series: readonly Series[]
  /** How values are written at the axis; default: a few digits. */
  format?: (value: number) => string
}

const width = 460
const height = 220
const margin = { left: 56, right: 12, top: 30, bottom: 28 }
/** A line of more points is drawn as the means of so many stretches. */
const maxPoints = 400

/** One chart; series without a point are left out. Every drawn point tells its value when pointed at. */
export function chart({ title, series, format = short }: Chart): string {
  const drawn = series
    .map(({ name, points }) => ({ name, points: thin(points.filter(([, y]) => Number.isFinite(y))) }))
    .filter(({ points }) => points.length > 0)
  const head = `<figure class="chart"><svg viewBox="0 0 ${width} ${height}" role="img" aria-label="${escapeHtml(title)}">`
  const caption = `<text class="title" x="${margin.left}" y="18">${escapeHtml(title)}</text>`
  if (drawn.length === 0)
    return `${head}${caption}<text x="${margin.left}" y="60">nothing yet</text></svg></figure>`

  const xs = extent(drawn.flatMap(({ points }) => points.map(([x]) => x)))
  const ys = extent(drawn.flatMap(({ points }) => points.map(([, y]) => y)))
  const x = (value: number) => scale(value, xs, margin.left, width - margin.right)
  const y = (value: number) => scale(value, ys, height - margin.bottom, margin.top + 6)
  const grid = ticks(ys).map(
    (value) =>
      `<line x1="${margin.left}" x2="${width - margin.right}" y1="${px(y(value))}" y2="${px(y(value))}"/>` +
      `<text x="${margin.left - 6}" y="${px(y(value) + 4)}" text-anchor="end">${escapeHtml(format(value))}</text>`,
  )
  const below = ticks(xs).map(
    (value) =>
      `<text x="${px(x(value))}" y="${height - 8}" text-anchor="middle">${escapeHtml(short(value))}</text>`,
  )
  const lines = drawn.map(({ points }, i) => {
    const path = points.map(([px_, py]) => `${px(x(px_))},${px(y(py))}`).join(' ')
    const dots = points.map(
      ([step, value]) =>
        `<circle cx="${px(x(step))}" cy="${px(y(value))}" r="${points.length === 1 ? 3 : 5}" class="${points.length === 1 ? 'only' : 'dot'}">` +
        `<title>step ${short(step)}: ${escapeHtml(format(value))}</title></circle>`,
    )
    return `<g class="s${i}"><polyline points="${path}"/>${dots.join('')}</g>`
  })
  const names = drawn.length < 2 ? [] : drawn.map(({ name }, i) => legend(name, i))
  return `${head}${caption}${names.join('')}<g class="grid">${grid.join('')}${below.join('')}</g>${lines.join('')}</svg></figure>`
}

/** Text as HTML and SVG want it. */
export function escapeHtml(text: string): string {
  return text.replace(/[&<>"]/g, (c) => ({ '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' })[c]!)
}

function legend(name: string, i: number): string {
  const x = width - margin.right - 90
  return (
    `<g class="s${i}"><line x1="${x}" x2="${x + 16}" y1="${10 + 13 * i}" y2="${10 + 13 * i}"/></g>` +
    `<text x="${x + 20}" y="${14 + 13 * i}">${escapeHtml(name)}</text>`
  )
}

function thin(points: Series['points']): Series['points'] {
  if (points.length <= maxPoints) return points
  return Array.from({ length: maxPoints }, (_, i) => {
    const from = Math.floor((i * points.length) / maxPoints)
    const part = points.slice(from, Math.floor(((i + 1) * points.length) / maxPoints))
    const mean = (axis: 0 | 1) => part.reduce((sum, point) => sum + point[axis], 0) / part.length
    return [Math.round(mean(0)), mean(1)] as const
  })
}

type Extent = readonly [low: number, high: number]

function extent(values: readonly number[]): Extent {
  const low = values.reduce((a, b) => Math.min(a, b))
  const high = values.reduce((a, b) => Math.max(a, b))
  const pad = low === high ? Math.abs(low) / 10 || 1 : 0
  return [low - pad, high + pad]
}

function scale(value: number, [low, high]: Extent, from: number, to: number): number {
  return from + ((value - low) / (high - low)) * (to - from)
}

/** Three to six round values within the extent. */
function ticks([low, high]: Extent): number[] {
  const rough = (high - low) / 4
  const power = 10 ** Math.floor(Math.log10(rough))
  const step = [1, 2, 5, 10].map((factor) => factor * power).find((candidate) => candidate >= rough)!
  const first = Math.ceil(low / step)
  return Array.from({ length: Math.floor(high / step) - first + 1 }, (_, i) => (first + i) * step)
}

function short(value: number): string {
  return Number(value.toPrecision(4)).toLocaleString('en-US', { maximumSignificantDigits: 4 })
}

function px(value: number): string {
  return value.toFixed(1)
}
