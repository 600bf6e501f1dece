/**
 * node --import tsx experiments/views/main.ts --data DATA --test DATA [--out FILE] [--epochs N] [--seeds N]
 *   [--arm NAME …] [--threads N] [--minutes N]
 *
 * What more views of each image, and smaller ones at first, do to accuracy: trains every arm with every seed, adds a line
 * of JSON a training to FILE and prints the table of all that FILE has. What is there is not run again, so it can be
 * stopped at any time and gone on with; --minutes begins no training after so many; --minutes 0 prints the table alone.
 */
import { basename } from 'node:path'
import { compare } from '../../lib/evaluate/compare.ts'
import { given, numberOf, readFlags } from '../../scripts/command-line.mjs'
import { addResult, readResults } from '../results.ts'
import { withTrained } from '../trained.ts'
import { type Arm, arms, base } from './arms.ts'

/** A line of the results. */
interface Result {
  /** Arm, seed, epochs and data: the same training is not done twice. */
  key: string
  name: string
  seed: number
  /** Passes over the images, and the views made of each in all. */
  epochs: number
  viewsOfEach: number
  knn: number
  linear: number
  /** Of the last epoch. */
  loss: number
  contrastiveAccuracy: number
  /** Of training. */
  seconds: number
}

const { values } = readFlags({
  options: {
    data: { type: 'string' },
    test: { type: 'string' },
    out: { type: 'string', default: 'experiments/views.jsonl' },
    epochs: { type: 'string', default: '12' },
    seeds: { type: 'string', default: '3' },
    arm: { type: 'string', multiple: true },
    threads: { type: 'string', default: 'auto' },
    minutes: { type: 'string', default: 'Infinity' },
  },
})
const data = given('data', values.data, 'DIR')
const test = given('test', values.test, 'DIR')
const passes = numberOf('epochs', values.epochs, 1)
const seeds = numberOf('seeds', values.seeds, 1)
const threads = values.threads === 'auto' ? ('auto' as const) : numberOf('threads', values.threads, 1)
const wanted = arms.filter(({ name }) => values.arm?.includes(name) ?? true)
const until = performance.now() + numberOf('minutes', values.minutes) * 60_000

const keyOf = ({ name, change }: Arm, seed: number, epochs: number) =>
  JSON.stringify([name, change, seed, epochs, basename(data)])

async function measure(arm: Arm, seed: number, epochs: number): Promise<Result> {
  const options = { base, change: arm.change, own: { data: data, epochs, threads, seed } }
  return await withTrained(options, async ({ encoder, history, config, seconds }) => {
    const { loss } = history.at(-1)!
    const contrastiveAccuracy = history.at(-1)!.contrastiveAccuracy!
    const { trained } = await compare(encoder, { data: data, test: test, seed })
    return {
      ...{ key: keyOf(arm, seed, epochs), name: arm.name, seed, epochs },
      ...{ viewsOfEach: epochs * config.views, knn: trained.knn, linear: trained.linear },
      ...{ loss, contrastiveAccuracy, seconds },
    }
  })
}

function table(results: readonly Result[]): string {
  const rows = arms.flatMap(({ name }) => {
    const of = results.filter((result) => result.name === name)
    if (of.length === 0) return []
    const mean = (pick: (result: Result) => number) =>
      of.reduce((sum, result) => sum + pick(result), 0) / of.length
    const three = (pick: (result: Result) => number) => mean(pick).toFixed(3)
    const { epochs, viewsOfEach } = of[0]!
    const numbers = [
      three(({ knn }) => knn),
      three(({ linear }) => linear),
      three((one) => one.contrastiveAccuracy),
    ]
    return [[name, epochs, viewsOfEach, of.length, ...numbers, mean(({ seconds }) => seconds).toFixed(0)]]
  })
  const head = ['arm', 'passes', 'views of each', 'seeds', 'kNN', 'linear', 'contrastive', 'seconds']
  return [head, head.map((_, i) => (i === 0 ? '---' : '---:')), ...rows]
    .map((cells) => `| ${cells.join(' | ')} |`)
    .join('\n')
}

const results = await readResults<Result>(values.out)
for (let seed = 0; seed < seeds; seed++) {
  for (const arm of wanted) {
    const epochs = Math.max(1, Math.round(arm.passes * passes))
    const key = keyOf(arm, seed, epochs)
    if (results.some((result) => result.key === key) || performance.now() >= until) continue
    const result = await measure(arm, seed, epochs)
    results.push(result)
    await addResult(values.out, result)
    const { knn, linear, seconds } = result
    console.error(
      `${arm.name}, seed ${seed}: kNN ${knn.toFixed(3)}, linear ${linear.toFixed(3)}, ${seconds.toFixed(0)} s`,
    )
  }
}
console.log(table(results))
