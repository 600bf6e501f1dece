import { cpSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { expect } from 'chai'
import { SimclrError } from '../../lib/addon/errors.ts'
import { chart } from '../../lib/report/chart.ts'
import { mapOf } from '../../lib/report/map.ts'
import { nearestRows } from '../../lib/report/neighbours.ts'
import { curves } from '../../lib/report/page.ts'
import { renderReport, writeReport } from '../../lib/report/report.ts'
import type { RunConfig } from '../../lib/run/config-file.ts'
import type { StepEvent } from '../../lib/run/events.ts'
import type { Metric } from '../../lib/run/metrics.ts'
import { train } from '../../lib/train.ts'
import { temporaryFolder } from '../support/folder.ts'
import { rejection } from '../support/rejection.ts'
import { tiny } from '../support/tiny.ts'

const parse = (file: string) => JSON.parse(readFileSync(file, 'utf8'))
const parseLines = (file: string): Metric[] =>
  readFileSync(file, 'utf8')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line))

describe('charts', () => {
  const points = (count: number) => Array.from({ length: count }, (_, i) => [i + 1, Math.sin(i)] as const)
  const drawn = (svg: string) =>
    svg
      .match(/points="([^"]*)"/)![1]!
      .split(' ')
      .map((pair) => pair.split(',').map(Number))

  it('draw every point of a short line within the frame', () => {
    const line = drawn(chart({ title: 'loss', series: [{ name: 'a', points: points(20) }] }))
    expect(line).to.have.length(20)
    for (const [x, y] of line) {
      expect(x).to.be.within(0, 460)
      expect(y).to.be.within(0, 220)
    }
  })

  it('draw a long line by means, and one point, equal values and none as well', () => {
    expect(drawn(chart({ title: 'loss', series: [{ name: 'a', points: points(10_000) }] }))).to.have.length(
      400,
    )
    expect(chart({ title: 'x', series: [{ name: 'a', points: points(1) }] }))
      .to.contain('<circle')
      .and.not.contain('NaN')
    expect(
      chart({
        title: 'x',
        series: [
          {
            name: 'a',
            points: [
              [1, 2],
              [2, 2],
            ],
          },
        ],
      }),
    ).not.to.contain('NaN')
    expect(chart({ title: 'x', series: [{ name: 'a', points: [[1, Number.NaN]] }] })).to.contain(
      'nothing yet',
    )
  })

  it('escape what they are told', () => {
    expect(chart({ title: '<b>&', series: [] }))
      .to.contain('&lt;b&gt;&amp;')
      .and.not.contain('<b>')
  })
})

describe('neighbours and map', () => {
  /** Two bundles of directions, alternating. */
  const features = {
    data: Float32Array.from({ length: 40 * 3 }, (_, at) => {
      const row = Math.floor(at / 3)
      return [row % 2, 1 - (row % 2), 0.2 * Math.sin(row)][at % 3]! * (1 + row)
    }),
    rows: 40,
  }

  it('are nearest by direction, whatever the length, without the image itself', async () => {
    const [near] = await nearestRows(features, [4], 19)
    expect(near!.map(({ row }) => row % 2)).to.deep.equal(Array(19).fill(0))
    expect(near!.map(({ row }) => row)).not.to.include(4)
    const similarities = near!.map(({ similarity }) => similarity)
    expect(similarities).to.deep.equal([...similarities].sort((a, b) => b - a))
  })

  it('leave out the image itself among its like, and know of no more than there are', async () => {
    const data = Float32Array.of(1, 0, 0, 1, 1, 0, 1, 0)
    const rows = (await nearestRows({ data, rows: 4 }, [2, 3, 1], 2)).map((near) =>
      near.map(({ row }) => row),
    )
    expect(rows).to.deep.equal([
      [0, 3],
      [0, 2],
      [0, 2],
    ])
    expect((await nearestRows({ data, rows: 4 }, [0], 9))[0]).to.have.length(3)
    expect(await nearestRows({ data: new Float32Array(), rows: 0 }, [], 9)).to.deep.equal([])
  })

  it('lie together on the map, the same way each time', async () => {
    const map = await mapOf(features)
    expect(map).to.deep.equal(await mapOf(features))
    for (const position of map) for (const value of position) expect(value).to.be.within(0, 1)
    const distance = (a: number, b: number) => Math.hypot(map[a]![0] - map[b]![0], map[a]![1] - map[b]![1])
    const mean = (gap: number) =>
      Array.from({ length: 38 }, (_, row) => distance(row, row + gap)).reduce((a, b) => a + b) / 38
    expect(mean(2)).to.be.below(mean(1))
  })
})

describe('report.html', function () {
  this.timeout(120_000)
  const path = temporaryFolder()
  before(async () => {
    const run = await train({ ...tiny, probe: { everyEpochs: 1 }, report: true, out: path('run') })
    run.encoder.dispose()
  })

  it('is written at the end of a run, with everything on the one page', () => {
    const page = readFileSync(path('run', 'report.html'), 'utf8')
    for (const part of [
      'Loss',
      'Contrastive accuracy',
      'Entropy',
      'Learning rate',
      'Pairs a second',
      'Probes',
    ]) {
      expect(page).to.contain(`aria-label="${part}`)
    }
    for (const heading of ['Views', 'Nearest neighbours', 'Map', 'Options'])
      expect(page).to.contain(`<h2>${heading}</h2>`)
    expect(page).to.contain('12 of 12').and.contain('preset torch')
    // One sheet, one sprite; 8 queries and 2 x 8 neighbours each; 96 images on the map.
    expect(page.match(/data:image\/png;base64,/g)).to.have.length(2)
    expect(page.match(/class="t query"/g)).to.have.length(8)
    expect(page.match(/class="t( same)?" /g)).to.have.length(8 * 2 * 8)
    expect(page.match(/class="t point"/g)).to.have.length(96)
    expect(page).not.to.match(/(src|href)="(?!data:)|url\((?!data:)|https?:/)
  })

  it('is the same page made again', async () => {
    expect(await renderReport(path('run'))).to.equal(readFileSync(path('run', 'report.html'), 'utf8'))
  })

  it('is not begun where it cannot be written', async () => {
    mkdirSync(path('copy', 'report.html'), { recursive: true })
    // Data that are not there: what cannot be written is said first.
    const config = parse(path('run', 'config.json'))
    config.options.data = path('nowhere')
    writeFileSync(path('copy', 'config.json'), JSON.stringify(config))
    const error = await rejection(writeReport(path('copy')))
    expect(error).to.be.instanceOf(SimclrError).with.property('code', 'ERR_SIMCLR_IO')
    expect(error.message).to.contain(`${path('copy', 'report.html')} but it is a folder`)
  })

  it('says why it is without images where those are elsewhere, and does without the device of the run', async () => {
    const copied = (name: string, more: object) => {
      cpSync(path('run'), path(name), { recursive: true })
      const config = parse(path(name, 'config.json'))
      Object.assign(config.options, more)
      writeFileSync(path(name, 'config.json'), JSON.stringify(config))
      return writeReport(path(name))
    }
    const without = readFileSync(await copied('moved', { data: path('<nowhere>') }), 'utf8')
    expect(without)
      .to.contain('&lt;nowhere&gt; but there is no such file or folder')
      .and.contain('aria-label="Loss')
      .and.not.contain('<nowhere>')
    expect(readFileSync(await copied('cuda', { device: 'cuda:7' }), 'utf8')).to.contain('<h2>Map</h2>')
  })

  it('goes without images where the run had them in memory', async () => {
    const images = Array.from({ length: 32 }, (_, i) => ({
      data: new Uint8Array(16 * 16).map((_, p) => (p * (i + 3)) % 256),
      width: 16,
      height: 16,
      channels: 1 as const,
    }))
    const run = await train({ ...tiny, data: images, epochs: 1, report: true, out: path('memory') })
    run.encoder.dispose()
    expect(readFileSync(path('memory', 'report.html'), 'utf8')).to.contain('<h2>Map</h2>')
    const again = await renderReport(path('memory'))
    expect(again).to.contain('cannot be read again').and.contain('aria-label="Loss')
  })

  it('shows what a run says as text, never as part of the page', () => {
    const config = parse(path('run', 'config.json')) as RunConfig
    const plan = { ...config.plan, epochs: '<script>alert(1)</script>' as unknown as number }
    expect(curves({ ...config, plan }, []))
      .to.contain('0 of &lt;script&gt;')
      .and.not.contain('<script')
  })

  it('has minutes of 60 seconds', () => {
    const config = parse(path('run', 'config.json')) as RunConfig
    const step = parseLines(path('run', 'metrics.jsonl')).find(({ type }) => type === 'step') as StepEvent
    const metrics = [{ ...step, stepSeconds: 119, waitSeconds: 0.7 }]
    expect(curves(config, metrics)).to.contain('<dd>2 min 00 s</dd>')
  })

  it('has the name of the folder, however that is written', async () => {
    expect(await renderReport(`${path('run')}/`)).to.contain('<title>run – simclr</title>')
  })

  it('needs a run folder', async () => {
    const error = await rejection(renderReport(path()))
    expect(error).to.be.instanceOf(SimclrError).with.property('code', 'ERR_SIMCLR_IO')
  })
})
