/**
 * node --import tsx experiments/scaling/main.ts [--write docs/scaling.md] [--views-per-second N]
 *   [--link-within GB/S] [--link-between GB/S] [--latency US] [--latency-per-doubling US]
 *
 * Prints the projection as Markdown, or puts it between the marks of a page. Give it your own GPU and network.
 */
import { readFile, writeFile } from 'node:fs/promises'
import { numberOf, readFlags } from '../../scripts/command-line.mjs'
import { efficiency, fastest, type Machine, smallestBatch, stepTime } from './model.ts'
import { countMessages } from './traffic.ts'

const { values } = readFlags({
  options: {
    write: { type: 'string' },
    'views-per-second': { type: 'string', default: '2470' },
    'floor-ms': { type: 'string', default: '10' },
    'link-within': { type: 'string', default: '230' },
    'link-between': { type: 'string', default: '20' },
    latency: { type: 'string', default: '15' },
    'latency-per-doubling': { type: 'string', default: '5' },
  },
})
const value = (name: Exclude<keyof typeof values, 'write'>) => numberOf(name, values[name])
const machine: Machine = {
  viewsPerSecond: value('views-per-second'),
  floor: value('floor-ms') / 1e3,
  gpusPerNode: 8,
  linkWithin: value('link-within') * 1e9,
  linkBetween: value('link-between') * 1e9,
  latency: value('latency') / 1e6,
  latencyPerDoubling: value('latency-per-doubling') / 1e6,
}
const messages = await countMessages()
const sizes = [1, 8, 64, 512]
const batches = [256, 1024, 4096, 16_384, 65_536]
const number = (value: number) => value.toLocaleString('en')
const ms = (seconds: number) => (1e3 * seconds).toFixed(1)
const percent = (share: number) => `${(100 * share).toFixed(0)} %`
const table = (head: string[], rows: string[][]) =>
  [head, head.map(() => '---:'), ...rows].map((cells) => `| ${cells.join(' | ')} |`).join('\n')

const text = [
  `Counted: ${number(messages.gradientBytes)} bytes of gradients in ${messages.buckets} buckets; ${messages.waits} small collectives, of ` +
    `${number(messages.fixedBytes)} bytes and ${number(messages.bytesPerImage)} for each image of the rank.`,
  '',
  'Milliseconds a step: computation + waiting for small collectives + gradients not hidden = all (efficiency).',
  '',
  table(
    ['batch', ...sizes.map((gpus) => `${gpus} GPU${gpus > 1 ? 's' : ''}`)],
    batches.map((batch) => [
      number(batch),
      ...sizes.map((gpus) => {
        if (batch / gpus < 2) return '–'
        const { compute, waiting, gradients, total } = stepTime(gpus, batch, messages, machine)
        const share = percent(efficiency(gpus, batch, messages, machine))
        return `${ms(compute)} + ${ms(waiting)} + ${ms(gradients)} = **${ms(total)}** (${share})`
      }),
    ]),
  ),
  '',
  'Where it stops scaling: the smallest batch (a power of two) that keeps a share of every GPU, and what is soonest.',
  '',
  table(
    ['GPUs', 'keeps 50 %', 'keeps 80 %', 'keeps 90 %'],
    sizes
      .slice(1)
      .map((gpus) => [
        number(gpus),
        ...[0.5, 0.8, 0.9].map((least) => number(smallestBatch(gpus, least, messages, machine))),
      ]),
  ),
  '',
  table(
    ['batch', 'soonest on', 'ms a step'],
    batches.map((batch) => {
      const gpus = fastest(batch, messages, machine)
      return [number(batch), `${number(gpus)} GPUs`, ms(stepTime(gpus, batch, messages, machine).total)]
    }),
  ),
].join('\n')

if (values.write === undefined) console.log(text)
else {
  const page = await readFile(values.write, 'utf8')
  const marks = /(<!-- projection -->\n)[\s\S]*(<!-- end -->)/
  if (!marks.test(page)) throw new Error(`Expected the marks of the projection in ${values.write}.`)
  await writeFile(
    values.write,
    page.replace(marks, (_all, begin, end) => `${begin}\n${text}\n\n${end}`),
  )
}
