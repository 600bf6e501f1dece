/**
 * node --import tsx experiments/study/main.ts --data DATA --test DATA [--out FILE] [--epochs N] [--seeds N]
 *   [--factor NAME …] [--threads N] [--minutes N] [--precision fp32|bf16|fp64]
 *
 * Trains every arm with every seed and adds a line of JSON a training to FILE. What the file has already is left out, so
 * the study can be stopped at any time and gone on with; --minutes stops it by itself.
 */

import { open } from '../../lib/data/open.ts'
import { given, Misuse, numberOf, readFlags, wordOf } from '../../scripts/command-line.mjs'
import { addResult, readResults } from '../results.ts'
import { armsFor, base } from './arms.ts'
import { baselines, keyOf, measure, nameOf, type Result, type Setting } from './measure.ts'

const { values } = readFlags({
  options: {
    data: { type: 'string' },
    test: { type: 'string' },
    out: { type: 'string', default: 'experiments/findings.jsonl' },
    epochs: { type: 'string', default: '8' },
    seeds: { type: 'string', default: '1' },
    factor: { type: 'string', multiple: true },
    threads: { type: 'string', default: '1' },
    minutes: { type: 'string', default: 'Infinity' },
    precision: { type: 'string', default: 'fp32' },
  },
})
const data = given('data', values.data, 'DIR')
const setting: Setting = {
  data,
  test: given('test', values.test, 'DIR'),
  epochs: numberOf('epochs', values.epochs, 1),
  threads: numberOf('threads', values.threads, 1),
  precision: wordOf('precision', values.precision, ['fp32', 'bf16', 'fp64'] as const),
  images: await countOf(data),
}
const wanted = armsFor(data).filter(({ factor }) => values.factor?.includes(factor) ?? true)
const largest = Math.max(...wanted.map(({ change }) => change.batchSize ?? base.batchSize))
if (setting.images < largest) {
  throw new Misuse(
    `Expected at least ${largest} images, the largest batch, for --data but ${data} has ${setting.images}.`,
  )
}
const seeds = numberOf('seeds', values.seeds, 1)
const until = performance.now() + numberOf('minutes', values.minutes) * 60_000

/** Read again before every training: others may add to the file. */
const isDone = async (key: string) => (await readResults<Result>(values.out)).some((line) => line.key === key)
const add = (line: object) => addResult(values.out, line)

const baselineKey = JSON.stringify(['baselines', nameOf(setting.data)])
if (!(await isDone(baselineKey))) {
  await add({ key: baselineKey, ...(await baselines(setting)) })
}
for (let seed = 0; seed < seeds; seed++) {
  for (const arm of wanted) {
    const key = keyOf(arm, seed, setting)
    if (performance.now() > until || (await isDone(key))) continue
    const result = await measure(arm, seed, setting)
    await add(result)
    const { h, z, contrastiveAccuracy, seconds } = result
    console.log(
      `${arm.factor}: ${arm.name}, seed ${seed}: kNN ${h.knn.toFixed(3)}, linear ${h.linear.toFixed(3)}, ` +
        `on z ${z.linear.toFixed(3)}, contrastive ${contrastiveAccuracy.toFixed(3)}, ${seconds.toFixed(0)} s`,
    )
  }
}

async function countOf(data: string): Promise<number> {
  const dataset = await open(data)
  try {
    return dataset.count
  } finally {
    await dataset.close()
  }
}
