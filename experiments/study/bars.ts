/** Means as bars, seeds as dots, a panel for each data set: one SVG for a topic. */
import { escapeHtml } from '../../lib/report/chart.ts'

export interface Bar {
  name: string
  /** For each panel one value a seed; none where it was not run. */
  values: readonly (readonly number[])[]
}

/** Of a letter, on average and a little more. */
const letter = 6.6
const panel = 300
/** Of a panel, for the mean in figures. */
const right = 56
const row = 26
const top = 52

export function bars(title: string, panels: readonly string[], all: readonly Bar[]): string {
  const left = 16 + letter * Math.max(...all.map(({ name }) => name.length))
  const width = left + panel * panels.length
  const height = top + row * all.length + 8
  const names = all.map(({ name }, i) => text(left - 8, top + row * i + 13, name, 'text-anchor="end"'))
  const drawn = panels.map((name, i) => {
    const own = all.map(({ values }) => values[i] ?? [])
    return text(left + panel * i, top - 10, name) + drawPanel(left + panel * i, own)
  })
  return (
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${Math.ceil(width)} ${height}" role="img">` +
    `<title>${escapeHtml(title)}</title>` +
    `<style>svg{background:#fff}text{font:12px sans-serif;fill:#222}rect{fill:#9db8d9}circle{fill:#1f4e79}</style>` +
    `${text(8, 20, title, 'style="font-weight:bold"')}${names.join('')}${drawn.join('')}</svg>\n`
  )
}

/** Bars from zero, which is at the left edge unless a value is below it. */
function drawPanel(from: number, all: readonly (readonly number[])[]): string {
  const least = Math.min(0, ...all.flat())
  const most = Math.max(0, ...all.flat())
  const x = (value: number) => from + ((panel - right) * (value - least)) / (most - least || 1)
  const rows = all.map((values, i) => {
    const y = top + row * i
    if (values.length === 0) return text(x(0), y + 13, 'not run')
    const [start, end] = [0, mean(values)].map(x).sort((a, b) => a - b) as [number, number]
    const dots = values.map((value) => `<circle cx="${x(value).toFixed(1)}" cy="${y + 9}" r="3"/>`)
    return (
      `<rect x="${start.toFixed(1)}" y="${y}" width="${(end - start).toFixed(1)}" height="18"/>${dots.join('')}` +
      text(Math.max(end, ...values.map(x)) + 8, y + 13, mean(values).toFixed(3))
    )
  })
  return rows.join('')
}

function text(x: number, y: number, words: string, more = ''): string {
  return `<text x="${x.toFixed(1)}" y="${y}"${more && ` ${more}`}>${escapeHtml(words)}</text>`
}

export function mean(values: readonly number[]): number {
  return values.reduce((a, b) => a + b, 0) / values.length
}
