/**
 * node --import tsx experiments/study/page.ts [--results FILE …] [--page docs/findings.md]
 *
 * Writes the page and its plots, in a folder of the page's name, from the results alone: a summary with what these runs
 * say of each of the paper's findings, then tables and a plot for each topic. Data sets stand side by side.
 */
import { mkdir, writeFile } from 'node:fs/promises'
import { basename } from 'node:path'
import { readFlags } from '../../scripts/command-line.mjs'
import { readResults } from '../results.ts'
import { type Arm, arms } from './arms.ts'
import { type Bar, bars, mean } from './bars.ts'
import { measures, type Topic, topics } from './claims.ts'
import type { Baselines, Result } from './measure.ts'
import { type Effect, headGain, ResultSet } from './result-set.ts'
import { digits, signed, summary, table } from './summary.ts'

const { values: flags } = readFlags({
  options: {
    results: {
      type: 'string',
      multiple: true,
      default: ['experiments/findings.jsonl', 'experiments/scenes.jsonl'],
    },
    page: { type: 'string', default: 'docs/findings.md' },
  },
})

const lines = (await Promise.all(flags.results.map((file) => readResults<Result | Baselines>(file)))).flat()
const sets = [...new Set(lines.filter((line) => 'change' in line).map(({ data }) => data))].map(
  (name) =>
    new ResultSet(
      name,
      lines.filter(({ data }) => data === name),
    ),
)
const folder = flags.page.replace(/\.md$/, '')
await mkdir(folder, { recursive: true })

const sections = [...(await Promise.all(topics.map(section))), await headSection()]
await writeFile(
  flags.page,
  `${[
    "# The paper's findings, at small scale",
    `Made by experiments/study from ${flags.results.join(' and ')}; not edited by hand. Trainings of ResNet-18 and others of ` +
      'quarter width, at equal image passes in every comparison unless its arms say otherwise.',
    table(
      [
        'data',
        'images',
        'tested on',
        'epochs',
        'trainings',
        'seeds',
        'precision',
        'date',
        'commit',
        'machine',
      ],
      sets.map(about),
    ),
    ...(sets.some(({ results }) => results.some(({ precision }) => precision === undefined))
      ? [
          'The oldest trainings recorded neither precision nor machine: they took the precision that `auto` chose.',
        ]
      : []),
    ...summary(sets),
    '## Before training',
    table(
      ['', ...sets.flatMap(({ name }) => [`${name}: kNN`, 'linear'])],
      (['raw', 'random'] as const).map((which) => [
        which === 'raw' ? 'raw pixels' : 'untrained encoder',
        ...sets.flatMap(({ baselines }) => [cell(baselines?.[which].knn), cell(baselines?.[which].linear)]),
      ]),
    ),
    ...sets.flatMap(tooShort),
    ...sections.flat(),
    ...notRun(),
  ].join('\n\n')}\n`,
)

function about({ data, images, epochs, results }: ResultSet): string[] {
  const all = (pick: (result: Result) => string) => [...new Set(results.map(pick))].sort().join(', ')
  return [
    data,
    images.toLocaleString('en'),
    results[0]!.testImages.toLocaleString('en'),
    String(epochs),
    String(results.length),
    String(new Set(results.map(({ seed }) => seed)).size),
    all(({ precision = 'not recorded' }) => precision),
    all(({ date = 'not recorded' }) => date),
    all(({ commit }) => commit ?? 'not recorded'),
    all(({ machine = 'not recorded' }) => machine),
  ]
}

/** Says so where no training learnt more than there was before it. */
function tooShort({ name, baselines, results }: ResultSet): string[] {
  if (baselines === undefined) return []
  return (['knn', 'linear'] as const).flatMap((probe) => {
    const before = Math.max(baselines.raw[probe], baselines.random[probe])
    const best = Math.max(...results.map(({ h }) => h[probe]))
    const said = `**${name}: no training here is long enough to pass that in ${measures[probe].name}** (the best: ${digits(best)}).`
    return best > before ? [] : [`${said} Differences are those of an early stage.`]
  })
}

async function section(topic: Topic): Promise<string[]> {
  const { factor, title, paper, claims } = topic
  const own = arms.filter((arm) => arm.factor === factor)
  const shown = sets.filter((set) => own.some((arm) => set.of(arm).length > 0))
  if (shown.length === 0) return []
  const picks = [measures.knn.of, measures.linear.of, measures.contrastive.of]
  return [
    `## ${title}`,
    paper,
    table(
      ['', ...shown.flatMap(({ name }) => [`${name}: seeds`, 'kNN', 'linear', 'contrastive accuracy'])],
      own.map((arm) => [
        arm.name,
        ...shown.flatMap((set) => {
          const runs = set.of(arm)
          return [
            runs.length === 0 ? '–' : String(runs.length),
            ...picks.map((pick) => meanCell(runs.map(pick))),
          ]
        }),
      ]),
    ),
    ...(await Promise.all(
      [...new Set(claims.map(({ measure }) => measure))].map((measure) => {
        const { name, of } = measures[measure]
        return plot(`${factor}-${measure}`, `${title}: ${name}`, own, of, shown)
      }),
    )),
  ]
}

/** h against z, arm by arm. */
async function headSection(): Promise<string[]> {
  const trained = [...new Set(sets.flatMap((set) => set.trained().map(({ arm }) => arm)))]
  const effects = sets.map((set): [string, Effect] => [set.name, set.headEffect()])
  return [
    '## The probe before the head and after it',
    `What lies before the projection head is the better representation, by more than 10 points on ImageNet (§4.2, figure 8). Over all trainings h is ahead by ${effects.map(([name, effect]) => `${signed(effect.mean)} (${name})`).join(' and ')}.`,
    table(
      ['linear accuracy', ...sets.flatMap(({ name }) => [`${name}: seeds`, 'on h', 'on z', 'h − z'])],
      trained.map((arm) => [
        nameOf(arm),
        ...sets.flatMap((set) => {
          const runs = set.of(arm)
          const gain = runs.length === 0 ? '–' : signed(mean(runs.map(headGain)))
          const of = (pick: 'h' | 'z') => meanCell(runs.map((run) => run[pick].linear))
          return [runs.length === 0 ? '–' : String(runs.length), of('h'), of('z'), gain]
        }),
      ]),
    ),
    await plot('head', 'Linear accuracy on h less that on z', trained, headGain),
  ]
}

function nameOf({ factor, name }: Arm): string {
  return factor === 'base' ? name : `${factor}: ${name}`
}

async function plot(
  file: string,
  title: string,
  own: readonly Arm[],
  pick: (result: Result) => number,
  shown: readonly ResultSet[] = sets,
): Promise<string> {
  const svg = `${file.replaceAll(' ', '-')}.svg`
  const rows = own.map((arm): Bar => {
    const name = file === 'head' ? nameOf(arm) : arm.name
    return { name, values: shown.map((set) => set.of(arm).map(pick)) }
  })
  const panels = shown.map(({ name }) => name)
  await writeFile(`${folder}/${svg}`, bars(title, panels, rows))
  return `![${title}](${basename(folder)}/${svg})`
}

function meanCell(values: readonly number[]): string {
  return cell(values.length === 0 ? undefined : mean(values))
}

function cell(value: number | undefined): string {
  return value === undefined ? '–' : digits(value)
}

function notRun(): string[] {
  const missing = sets.flatMap((set) =>
    set.arms.filter((arm) => set.of(arm).length === 0).map((arm) => `${nameOf(arm)} (${set.name})`),
  )
  return missing.length === 0 ? [] : ['## Not run yet', `${missing.join('; ')}.`]
}
