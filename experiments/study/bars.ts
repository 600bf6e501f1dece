/** Means as bars, seeds as dots: one SVG for a factor. */
import { escapeHtml } from '../../lib/report/chart.ts'

export interface Bar {
  name: string
  /** One a seed, 0 to 1. */
  values: readonly number[]
}

const width = 640
const left = 190
const right = 60
const row = 26

export function bars(title: string, all: readonly Bar[]): string {
  const height = 34 + row * all.length + 8
  const most = Math.max(...all.flatMap(({ values }) => values))
  const x = (value: number) => left + ((width - left - right) * value) / most
  const rows = all.map(({ name, values }, i) => {
    const y = 34 + row * i
    const end = x(mean(values))
    const dots = values.map((value) => `<circle cx="${x(value).toFixed(1)}" cy="${y + 9}" r="3"/>`)
    return (
      `<text x="${left - 8}" y="${y + 13}" text-anchor="end">${escapeHtml(name)}</text>` +
      `<rect x="${left}" y="${y}" width="${(end - left).toFixed(1)}" height="18"/>${dots.join('')}` +
      `<text x="${Math.max(end, ...values.map(x)) + 8}" y="${y + 13}">${mean(values).toFixed(3)}</text>`
    )
  })
  return (
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" role="img">` +
    `<title>${escapeHtml(title)}</title>` +
    `<style>svg{background:#fff}text{font:12px sans-serif;fill:#222}rect{fill:#9db8d9}circle{fill:#1f4e79}</style>` +
    `<text x="8" y="20" style="font-weight:bold">${escapeHtml(title)}</text>${rows.join('')}</svg>\n`
  )
}

export function mean(values: readonly number[]): number {
  return values.reduce((a, b) => a + b, 0) / values.length
}
