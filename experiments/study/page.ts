/**
 * node --import tsx experiments/study/page.ts [--results FILE] [--page docs/findings.md]
 *
 * Writes docs/findings.md and its plots from the results alone: tables, and for each of the paper's findings whether
 * these runs show it.
 */
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { readFlags } from '../../scripts/command-line.mjs'
import { type Arm, arms } from './arms.ts'
import { bars, mean } from './bars.ts'
import { type Claim, type Measure, measures, type Topic, topics } from './claims.ts'
import type { Accuracies, Result } from './measure.ts'
import { paired, pooledDeviation, signTest } from './noise.ts'

const { values: flags } = readFlags({
  options: {
    results: { type: 'string', default: 'experiments/findings.jsonl' },
    page: { type: 'string', default: 'docs/findings.md' },
  },
})

interface Baselines {
  raw: Accuracies
  random: Accuracies
}

const lines = (await readFile(flags.results, 'utf8')).split('\n').filter(Boolean)
const all = lines.map((line) => JSON.parse(line) as Result | Baselines)
const results = all.filter((line): line is Result => 'change' in line)
const baselines = all.find((line): line is Baselines => 'raw' in line)!
const epochs = mode(results.map(({ epochs }) => epochs))
const [first] = results as [Result]

const of = ({ change, passes = 1 }: Arm) =>
  results.filter(
    (result) =>
      JSON.stringify(result.change) === JSON.stringify(change) &&
      result.epochs === Math.max(1, Math.round(passes * epochs)),
  )
const digits = (value: number) => value.toFixed(3)

/** Of one seed's difference, by measure. */
const deviations = new Map<Measure, number>()
for (const measure of Object.keys(measures) as Measure[]) {
  const comparisons = topics.flatMap(({ factor, claims }) => {
    const runs = (name: string) => of(arms.find((arm) => arm.factor === factor && arm.name === name)!)
    return claims
      .filter((claim) => claim.measure === measure)
      .map(({ higher, lower }) => paired(runs(higher), runs(lower), measures[measure].of))
  })
  deviations.set(measure, pooledDeviation(comparisons))
}
/** Two standard errors of the mean over `seeds` of them. */
const noise = (measure: Measure, seeds: number) => (2 * deviations.get(measure)!) / Math.sqrt(seeds)
const table = (head: string[], rows: string[][]) =>
  [head, head.map((_, i) => (i === 0 ? '---' : '---:')), ...rows]
    .map((cells) => `| ${cells.join(' | ')} |`)
    .join('\n')

const folder = flags.page.replace(/\.md$/, '')
await mkdir(folder, { recursive: true })
const sections: string[] = []
const missing: string[] = []
for (const topic of topics) sections.push(...(await section(topic)))
sections.push(...headSection())

await writeFile(
  flags.page,
  `${[
    "# The paper's findings, at small scale",
    `Made by experiments/study from experiments/findings.jsonl; not edited by hand. ${results.length} trainings of ResNet-18 and others of quarter ` +
      `width on ${first.images.toLocaleString('en')} images (${first.data}), ${epochs} epochs of them unless said otherwise, tested on ` +
      `${first.testImages.toLocaleString('en')} others; seeds: ${new Set(results.map(({ seed }) => seed)).size}. Differences are those between runs ` +
      `of one seed, averaged; below two standard errors (of three seeds ${Object.entries(measures)
        .map(([measure, { name }]) => `${digits(noise(measure as Measure, 3))} in ${name}`)
        .join(
          ', ',
        )}; the spread of one seed's difference is pooled over all comparisons) they are called too close to tell.`,
    table(
      ['before training', 'kNN', 'linear'],
      [
        ['raw pixels', digits(baselines.raw.knn), digits(baselines.raw.linear)],
        ['untrained encoder', digits(baselines.random.knn), digits(baselines.random.linear)],
      ],
    ),
    ...(Math.max(...results.map(({ h }) => h.knn)) > baselines.raw.knn
      ? []
      : [
          '**No training here is long enough to pass the kNN of raw pixels**: differences are those of an early stage.',
        ]),
    ...sections,
    ...(missing.length === 0 ? [] : ['## Not run yet', `${missing.join('; ')}.`]),
  ].join('\n\n')}\n`,
)

async function section({ factor, title, paper, claims }: Topic): Promise<string[]> {
  const own = arms.filter((arm) => arm.factor === factor).map((arm) => ({ arm, runs: of(arm) }))
  missing.push(...own.flatMap(({ arm, runs }) => (runs.length === 0 ? [`${factor}: ${arm.name}`] : [])))
  const there = own.filter(({ runs }) => runs.length > 0)
  if (there.length < 2) return []
  const svg = `${factor.replaceAll(' ', '-')}.svg`
  const values = (pick: (result: Result) => number) =>
    there.map(({ arm, runs }) => ({ name: arm.name, values: runs.map(pick) }))
  await writeFile(`${folder}/${svg}`, bars(`${title}: linear accuracy on h`, values(measures.linear.of)))
  return [
    `## ${title}`,
    paper,
    table(
      ['', 'seeds', 'kNN', 'linear', 'contrastive accuracy', 'loss'],
      there.map(({ arm, runs }) => [
        arm.name,
        String(runs.length),
        ...[measures.knn.of, measures.linear.of, measures.contrastive.of, ({ loss }: Result) => loss].map(
          (pick) => digits(mean(runs.map(pick))),
        ),
      ]),
    ),
    `![${title}](findings/${svg})`,
    claims
      .flatMap((claim) => verdict(claim, new Map(there.map(({ arm, runs }) => [arm.name, runs]))))
      .map((text) => `- ${text}`)
      .join('\n'),
  ]
}

function verdict({ higher, lower, measure }: Claim, runs: ReadonlyMap<string, Result[]>): string[] {
  const [up, down] = [runs.get(higher), runs.get(lower)]
  if (up === undefined || down === undefined) return []
  const { name, of: pick } = measures[measure]
  const differences = paired(up, down, pick)
  if (differences.length === 0) return []
  const judged = judge(mean(differences), noise(measure, differences.length))
  return [`${name}: “${higher}” above “${lower}”: ${judged}`]
}

function judge(difference: number, least: number): string {
  const by = `${difference > 0 ? '+' : '−'}${digits(Math.abs(difference))}`
  if (Math.abs(difference) < least) return `too close to tell (${by}).`
  return difference > 0 ? `**agrees** (${by}).` : `**disagrees at this scale** (${by}).`
}

/** h against z, over all trainings. */
function headSection(): string[] {
  const gains = results.map(({ h, z }) => h.linear - z.linear)
  const above = gains.filter((gain) => gain > 0).length
  // Both probes are tested on the same images.
  const chance = signTest(above, gains.filter((gain) => gain !== 0).length)
  return [
    '## The probe before the head and after it',
    'What lies before the projection head is the better representation, by more than 10 points on ImageNet (§4.2, figure 8).',
    `Over all ${results.length} trainings the linear probe on h is above the one on z in ${above}, by ` +
      `${digits(mean(gains))} on average (${digits(Math.min(...gains))} to ${digits(Math.max(...gains))}): **${mean(gains) > 0 ? 'agrees' : 'disagrees at this scale'}** ` +
      `(a sign test gives that many by chance with p = ${chance.toExponential(0)}), by fewer points.`,
  ]
}

function mode(values: readonly number[]): number {
  const count = (value: number) => values.filter((other) => other === value).length
  return values.reduce((best, value) => (count(value) > count(best) ? value : best))
}
