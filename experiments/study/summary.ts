/** The page's first table: each of the paper's findings, and what these runs say of it. */
import { measures, type Topic, topics } from './claims.ts'
import type { Effect, ResultSet } from './result-set.ts'

export type Verdict = 'agrees' | 'disagrees' | 'too close to tell' | 'not judged'

/** What a difference that the paper has above zero says: beyond its interval only. */
export function verdictOf({ mean, halfWidth }: Effect): Verdict {
  if (halfWidth === null) return 'not judged'
  if (Math.abs(mean) < halfWidth) return 'too close to tell'
  return mean > 0 ? 'agrees' : 'disagrees'
}

export function summary(sets: readonly ResultSet[]): string[] {
  const doubtful = topics.filter((topic) =>
    topic.claims.some((claim) =>
      sets.some((set) => {
        const effect = set.effect(topic, claim)
        return effect !== null && ['disagrees', 'too close to tell'].includes(verdictOf(effect))
      }),
    ),
  )
  return [
    '## In short',
    'Differences between runs of one seed, averaged over seeds, with their 95 % interval (Student’s t; the spread of one ' +
      'seed’s difference is pooled over a topic’s comparisons of the measure, which share arms: intervals are rough). ' +
      'Within the interval: too close to tell; “not judged”: fewer than three seeds, which may lie close together by luck. ' +
      'Intervals are those of seeds; all runs of a set are tested on the same images, which adds an error of its own, ' +
      `about ${sets.map((set) => `${(100 * testError(set)).toFixed(1)} points (${set.name})`).join(' and ')} in one accuracy. ` +
      'With some twenty comparisons, one is beyond its interval by chance.',
    table(
      ['the paper says', 'measure', ...sets.map(({ name }) => name)],
      [
        ...topics.flatMap((topic) => rowsOf(topic, sets)),
        ['h above z', 'linear', ...sets.map((set) => judged(set.headEffect()))],
      ],
    ),
    '### Why small scale disagrees',
    `These networks are narrow and trained for some hundred steps (${sets.map(({ name, steps }) => `${name}: ${steps} of the base`).join(', ')}): ` +
      'what an arm has learnt by then is how fast it learns more than how far it comes, and what the paper finds at the end ' +
      'of long trainings of large networks can turn round. What may be behind each finding that is not seen on some set, ' +
      `none of it tested here: ${doubtful.map(({ factor, why }) => `*${factor}*: ${why}`).join(' ')}`,
  ]
}

function rowsOf(topic: Topic, sets: readonly ResultSet[]): string[][] {
  return topic.claims.map((claim) => {
    const { higher, lower, measure } = claim
    const claimed = `${topic.factor}: “${higher}” above “${lower}”`
    return [claimed, measures[measure].name, ...sets.map((set) => judged(set.effect(topic, claim)))]
  })
}

function judged(effect: Effect | null): string {
  if (effect === null) return '–'
  const { mean, halfWidth, seeds } = effect
  const verdict = verdictOf(effect)
  const within = halfWidth === null ? '' : ` ± ${digits(halfWidth)}`
  const said = verdict === 'agrees' || verdict === 'disagrees' ? `**${verdict}**` : verdict
  return `${signed(mean)}${within}, ${seeds} ${seeds === 1 ? 'seed' : 'seeds'}: ${said}`
}

/** Standard error of an accuracy of the base's kind on as many test images. */
function testError({ results }: ResultSet): number {
  const [{ h, testImages }] = results as [ResultSet['results'][number]]
  return Math.sqrt((h.linear * (1 - h.linear)) / testImages)
}

export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  return [head, head.map((_, i) => (i === 0 ? '---' : '---:')), ...rows]
    .map((cells) => `| ${cells.join(' | ')} |`)
    .join('\n')
}

export function digits(value: number): string {
  return value.toFixed(3)
}

export function signed(value: number): string {
  return `${value < 0 ? '−' : '+'}${digits(Math.abs(value))}`
}
