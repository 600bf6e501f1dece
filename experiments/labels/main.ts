/**
 * node --import tsx experiments/labels/main.ts --data DATA --labelled DATA … --test DATA [--out FILE] [--seeds N]
 *   [--pretrain-epochs N] [--epochs N …] [--lr N …] [--threads N] [--minutes N]
 *
 * What a few labels make of an encoder that has seen the images without them (docs/fine-tuning.md): for each seed one
 * encoder is trained on DATA, and then, with each labelled set, fine-tuned; beside it a linear probe of the frozen
 * encoder, and the same network trained from random weights on the labels alone, both under their own name. Adds a line
 * of JSON for each to FILE and prints the table of all that FILE has; what is there is not run again, --minutes begins no
 * seed after so many, and --minutes 0 prints the table alone.
 */
import { basename } from 'node:path'
import { evaluate, type TrainOptions } from '../../lib/index.ts'
import { given, numberOf, readFlags } from '../../scripts/command-line.mjs'
import { addResult, readResults } from '../results.ts'
import { withTrained } from '../trained.ts'

/** A line of the results. */
interface Result {
  arm: 'from random weights' | 'fine-tuned' | 'linear probe'
  labelled: string
  seed: number
  /** Of the training with labels; null for the probe, which has none. */
  epochs: number | null
  lr: number | null
  /** Of the test images. */
  accuracy: number
}

const { values } = readFlags({
  options: {
    data: { type: 'string' },
    labelled: { type: 'string', multiple: true, default: [] },
    test: { type: 'string' },
    out: { type: 'string', default: 'experiments/labels.jsonl' },
    seeds: { type: 'string', default: '3' },
    'pretrain-epochs': { type: 'string', default: '20' },
    epochs: { type: 'string', multiple: true, default: ['100'] },
    lr: { type: 'string', multiple: true, default: ['0.05'] },
    threads: { type: 'string', default: 'auto' },
    minutes: { type: 'string', default: 'Infinity' },
  },
})
const { labelled } = values
const data = given('data', values.data, 'DIR')
const test = given('test', values.test, 'DIR')
const seeds = numberOf('seeds', values.seeds, 1)
const pretrainEpochs = numberOf('pretrain-epochs', values['pretrain-epochs'], 1)
const epochsTried = values.epochs.map((text) => numberOf('epochs', text, 1))
const lrsTried = values.lr.map((text) => numberOf('lr', text))
const threads = values.threads === 'auto' ? ('auto' as const) : numberOf('threads', values.threads, 1)
const until = performance.now() + numberOf('minutes', values.minutes) * 60_000

/** The recipe for few minutes; its network, for all arms. */
const pretraining = { preset: 'quick' } as const satisfies TrainOptions
const network = { encoder: { arch: 'resnet18', stem: 'cifar', width: 0.25 } } as const satisfies TrainOptions
/** Batches of 256 would be a step an epoch and less. */
const supervised = { preset: 'fine-tune', imageSize: 32, batchSize: 32 } as const satisfies TrainOptions

const results = await readResults<Result>(values.out)

const same = (a: Omit<Result, 'accuracy'>, b: Omit<Result, 'accuracy'>) =>
  a.arm === b.arm && a.labelled === b.labelled && a.seed === b.seed && a.epochs === b.epochs && a.lr === b.lr

/** Measures what is not there yet. */
async function add(wanted: Omit<Result, 'accuracy'>, measure: () => Promise<number>): Promise<void> {
  if (results.some((result) => same(result, wanted))) return
  const result = { ...wanted, accuracy: await measure() }
  results.push(result)
  await addResult(values.out, result)
  console.error(JSON.stringify(result))
}

/** A training with labels, tested by its own classifier. */
function train(change: TrainOptions, labels: string, { epochs, lr, seed }: Omit<Result, 'accuracy'>) {
  const own = { data: labels, epochs: epochs!, optimizer: { lr: lr! }, seed, threads }
  return withTrained({ base: supervised, change, own }, async ({ encoder }) => {
    const { accuracy } = await evaluate({ encoder, test: test, probe: 'classifier' })
    return accuracy
  })
}

async function measureSeed(seed: number): Promise<void> {
  const own = { data: data, epochs: pretrainEpochs, seed, threads }
  await withTrained({ base: pretraining, change: network, own }, async ({ encoder }, init) => {
    for (const labels of labelled) {
      const about = { labelled: basename(labels), seed }
      await add({ arm: 'linear probe', ...about, epochs: null, lr: null }, async () => {
        const { accuracy } = await evaluate({ encoder, data: labels, test: test, probe: 'linear' })
        return accuracy
      })
      for (const epochs of epochsTried) {
        for (const lr of lrsTried) {
          const tuned = { arm: 'fine-tuned', ...about, epochs, lr } as const
          await add(tuned, () => train({ init }, labels, tuned))
          const scratch = { arm: 'from random weights', ...about, epochs, lr } as const
          await add(scratch, () => train(network, labels, scratch))
        }
      }
    }
  })
}

function table(): string {
  const groups = new Map<string, Result[]>()
  for (const result of results) {
    const { labelled, arm, epochs, lr } = result
    const name = [labelled, arm, epochs ?? '', lr ?? ''].join(' | ')
    groups.set(name, [...(groups.get(name) ?? []), result])
  }
  const rows = [...groups].sort().map(([name, of]) => {
    const accuracies = of.map(({ accuracy }) => accuracy)
    const mean = accuracies.reduce((a, b) => a + b, 0) / of.length
    return `| ${name} | ${of.length} | ${mean.toFixed(3)} | ${Math.min(...accuracies).toFixed(3)} to ${Math.max(...accuracies).toFixed(3)} |`
  })
  const head = '| labels | arm | epochs | lr | seeds | accuracy | least to most |'
  return [head, '| --- | --- | ---: | ---: | ---: | ---: | --- |', ...rows].join('\n')
}

for (let seed = 0; seed < seeds; seed++) {
  if (performance.now() < until) await measureSeed(seed)
}
console.log(table())
