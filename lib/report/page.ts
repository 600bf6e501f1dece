/** The page itself: HTML with everything in it. What a run's files say is escaped: a folder may be another's. */
import { basename, resolve } from 'node:path'
import { sayReason } from '../config/reason.ts'
import { formatCount, formatDuration, formatPercent } from '../format.ts'
import type { RunConfig } from '../run/config-file.ts'
import type { EpochEvent, StepEvent } from '../run/events.ts'
import type { Metric } from '../run/metrics.ts'
import { chart, escapeHtml } from './chart.ts'
import type { Neighbour } from './neighbours.ts'
import type { Sheet } from './pictures.ts'
import { style } from './style.ts'

/** What the page shows of the images; rows are those of `thumbnails`. */
export interface ImageSections {
  thumbnails: Sheet
  /** Class of each, null = none. */
  classes: (string | null)[]
  /** The contact sheet, a data URI. */
  sheet: string
  /** Rows whose neighbours are shown. */
  queries: number[]
  /** Neighbours by the untrained and the trained encoder; null where there is none yet. */
  before: Neighbour[][] | null
  after: Neighbour[][] | null
  /** Positions in the unit square. */
  map: [x: number, y: number][] | null
}

export interface PageContent {
  folder: string
  config: RunConfig
  metrics: readonly Metric[]
  /** Null where the run had them in memory; a text says why they cannot be read again. */
  images: ImageSections | string | null
  /** The curves follow the run. */
  live: boolean
}

export function page({ folder, config, metrics, images, live }: PageContent): string {
  const title = `${basename(resolve(folder))} – simclr`
  const isShown = images !== null && typeof images !== 'string'
  const sections = isShown ? [views(images), neighbours(images), map(images)] : [noImages(images)]
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escapeHtml(title)}</title>
<style>${style}${isShown ? sprite(images.thumbnails) : ''}</style>
<header>
<h1>${escapeHtml(title)}</h1>
<p>${summary(config)}</p>
</header>
<main>
<section id="curves">${curves(config, metrics)}</section>
${sections.join('\n')}
${options(config)}
</main>
${live ? follow : ''}</html>
`
}

/** Fetches the curves anew as long as the page is open and the run's server answers. */
const follow = `<script>
setInterval(async () => {
  const answer = await fetch('curves').catch(() => null)
  if (answer?.ok) document.getElementById('curves').innerHTML = await answer.text()
}, 2000)
</script>
`

/** Figures and charts; all that changes while a run is under way. */
export function curves({ options, plan }: RunConfig, metrics: readonly Metric[]): string {
  const steps = metrics.filter((metric): metric is StepEvent => metric.type === 'step')
  const epochs = metrics.filter((metric): metric is EpochEvent => metric.type === 'epoch')
  const each = (value: (step: StepEvent) => number | null) =>
    steps.map((step) => [step.step + 1, value(step) ?? Number.NaN] as const)
  const perEpoch = (value: (epoch: EpochEvent) => number | null) =>
    epochs.map((epoch) => [epoch.step, value(epoch) ?? Number.NaN] as const)
  const rate = ({ stepSeconds, waitSeconds }: StepEvent) => options.batchSize / (stepSeconds + waitSeconds)
  const isStudent = options.objective === 'distill'
  const supervised = isStudent || options.objective === 'supervised'
  const contrast = [
    chart({
      title: 'Contrastive accuracy',
      series: [{ name: 'step', points: each(({ contrastiveAccuracy }) => contrastiveAccuracy) }],
      format: formatPercent,
    }),
    chart({ title: 'Entropy (nats)', series: [{ name: 'step', points: each(({ entropy }) => entropy) }] }),
  ]
  const charts = [
    chart({
      title: `Loss (${supervised ? 'cross entropy' : 'NT-Xent'})`,
      series: [{ name: 'step', points: each(({ loss }) => loss) }],
    }),
    ...(supervised ? [] : contrast),
    chart({
      title: supervised ? 'Accuracy' : 'Probes',
      series: [
        { name: 'kNN', points: perEpoch(({ knn }) => knn) },
        {
          name: isStudent ? 'as the teacher' : supervised ? 'training images' : 'linear head',
          points: perEpoch(({ probeAccuracy }) => probeAccuracy),
        },
        { name: 'held-out images', points: perEpoch(({ validation }) => validation) },
      ],
      format: formatPercent,
    }),
    chart({ title: 'Learning rate', series: [{ name: 'step', points: each(({ lr }) => lr) }] }),
    chart({ title: 'Pairs a second', series: [{ name: 'step', points: each(rate) }] }),
  ]
  return `<h2>Training</h2>${figures(plan, steps, epochs)}<div class="charts">${charts.join('')}</div>`
}

function figures(plan: RunConfig['plan'], steps: StepEvent[], epochs: EpochEvent[]): string {
  const last = epochs.at(-1)
  const knn = epochs.findLast((epoch) => epoch.knn !== null)?.knn
  const seconds = steps.reduce((sum, { stepSeconds, waitSeconds }) => sum + stepSeconds + waitSeconds, 0)
  const entries: [string, string][] = [
    ['steps', `${formatCount(steps.length)} of ${formatCount(plan.steps)}`],
    ['epochs', `${epochs.length} of ${plan.epochs}`],
    ['loss', last ? last.loss.toFixed(3) : '–'],
    accuracyOf(last),
    ['kNN', knn == null ? '–' : formatPercent(knn)],
    ...bestOf(epochs),
    ['training time', formatDuration(seconds)],
  ]
  const shown = entries.map(
    ([name, value]) => `<div><dt>${escapeHtml(name)}</dt><dd>${escapeHtml(value)}</dd></div>`,
  )
  return `<dl class="figures">${shown.join('')}</dl>`
}

/** On held-out images, where there are some. */
function bestOf(epochs: EpochEvent[]): [string, string][] {
  const accuracies = epochs.flatMap(({ validation }) => (validation === null ? [] : [validation]))
  return accuracies.length === 0 ? [] : [['best on held-out images', formatPercent(Math.max(...accuracies))]]
}

/** Of the last epoch: at telling views apart, or classes. */
function accuracyOf(last: EpochEvent | undefined): [string, string] {
  const { contrastiveAccuracy = null, probeAccuracy = null } = last ?? {}
  if (contrastiveAccuracy === null && probeAccuracy !== null)
    return ['accuracy in training', formatPercent(probeAccuracy)]
  return ['contrastive accuracy', contrastiveAccuracy === null ? '–' : formatPercent(contrastiveAccuracy)]
}

function noImages(why: string | null): string {
  const text =
    why === null
      ? 'This run was trained on images in memory, which cannot be read again.'
      : `What the encoder makes of the images cannot be shown here: ${why}`
  return `<section><h2>Images</h2><p>${escapeHtml(text)}</p></section>`
}

function views({ sheet }: ImageSections): string {
  return `<section><h2>Views</h2>
<p>Each row: an image as it is, then views of it as training sees them. Two views of an image should stay recognisable as one, yet differ in crop and colour.</p>
<img class="sheet" src="${sheet}" alt="images and their augmented views"></section>`
}

function neighbours({ queries, before, after, classes, thumbnails }: ImageSections): string {
  const thumb = thumbsOf(thumbnails)
  if (before === null || after === null) return ''
  const isLabelled = classes.some((name) => name !== null)
  const row = (found: Neighbour[], query: number) =>
    found
      .map(({ row, similarity }) => {
        const same = isLabelled && classes[row] === classes[query] ? ' same' : ''
        return thumb(row, `${classes[row] ?? ''} ${similarity.toFixed(3)}`.trim(), same)
      })
      .join('')
  const lines = queries.map(
    (query, i) =>
      `<tr><td>${thumb(query, classes[query] ?? '', ' query')}</td><td>${row(before[i]!, query)}</td><td>${row(after[i]!, query)}</td></tr>`,
  )
  const hint = isLabelled ? ' Underlined: the same class, which training has not seen.' : ''
  return `<section><h2>Nearest neighbours</h2>
<p>The images nearest to the first one, by the encoder before and after training.${hint}</p>
<table class="neighbours"><thead><tr><th></th><th>untrained</th><th>trained</th></tr></thead><tbody>${lines.join('')}</tbody></table></section>`
}

function map({ map, classes, thumbnails }: ImageSections): string {
  const thumb = thumbsOf(thumbnails)
  if (map === null) return ''
  const names = [...new Set(classes.filter((name) => name !== null))].sort()
  const points = map.map(([x, y], row) => {
    const at = `left:${(100 * x).toFixed(2)}%;top:${(100 * y).toFixed(2)}%`
    const colour = classes[row] === null ? '' : `;--c:${hue(names.indexOf(classes[row]!), names.length)}`
    return thumb(row, classes[row] ?? '', ' point', at + colour)
  })
  const key =
    names.length > 0 && names.length <= 20
      ? names.map((name, i) => `<li style="--c:${hue(i, names.length)}">${escapeHtml(name)}</li>`)
      : []
  return `<section><h2>Map</h2>
<p>The features of ${map.length} images on a plane (UMAP): images that the encoder finds alike lie together.</p>
<ul class="key">${key.join('')}</ul><div class="map"><div>${points.join('')}</div></div></section>`
}

function options({ options, why }: RunConfig): string {
  const rows = Object.entries(why)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, reason]) => {
      const value = name
        .split('.')
        .reduce<unknown>((tree, key) => (tree as Record<string, unknown>)?.[key], options)
      return `<tr><td>${escapeHtml(name)}</td><td>${escapeHtml(JSON.stringify(value) ?? '')}</td><td>${escapeHtml(sayReason(reason))}</td></tr>`
    })
  return `<section><h2>Options</h2><details><summary>every option with its value and where it comes from</summary>
<table class="options"><thead><tr><th>option</th><th>value</th><th>from</th></tr></thead><tbody>${rows.join('')}</tbody></table></details></section>`
}

function summary({ options, data, plan, simclr }: RunConfig): string {
  const { encoder, imageSize, batchSize, optimizer, temperature, precision, device, preset } = options
  const width = encoder.width === 1 ? '' : ` × ${encoder.width}`
  return escapeHtml(
    `${data.name ?? 'no name'}: ${formatCount(plan.images)} images at ${imageSize} px. ${encoder.arch}${width}, ${encoder.stem} stem. ` +
      `Preset ${preset}, batch ${batchSize}, ${optimizer.name} ${optimizer.lr}, τ ${temperature}, ${precision} on ${device}. simclr ${simclr}.`,
  )
}

/** Draws thumbnails: all are parts of one picture. */
type Thumb = (row: number, title: string, more?: string, css?: string) => string

function thumbsOf({ columns }: Sheet): Thumb {
  return (row, title, more = '', css = '') => {
    const place = `--x:${row % columns};--y:${Math.floor(row / columns)}`
    return `<i class="t${more}" style="${place}${css === '' ? '' : `;${css}`}" title="${escapeHtml(title)}"></i>`
  }
}

function sprite({ uri, columns, rows }: Sheet): string {
  const step = (count: number) => (100 / Math.max(1, count - 1)).toFixed(4)
  return (
    `.t{background-image:url(${uri});background-size:${columns * 100}% ${rows * 100}%;` +
    `background-position:calc(var(--x)*${step(columns)}%) calc(var(--y)*${step(rows)}%)}`
  )
}

function hue(i: number, count: number): string {
  return `hsl(${Math.round((360 * i) / Math.max(1, count))} 65% 50%)`
}
