/** `simclr nearest`: which images are nearest to some, by their features. */
import type { Command } from 'commander'
import { z } from 'zod'
import { expected, invalid, validate } from '../config/messages.ts'
import { integer, option, required, text } from '../config/option.ts'
import { device, threads, trainSettings } from '../config/settings.ts'
import type { Encoder } from '../encoder.ts'
import { formatCount } from '../format.ts'
import { nearest, neighbourOptions } from '../ops/nearest.ts'
import { loadEncoder } from './encoder.ts'
import { type EmbedOptions, embedSet, type NamedFeatures, readFeatures } from './features.ts'
import { interruptSignal } from './interrupt.ts'
import { addOptionFlags, readOptionFlags } from './option-flags.ts'
import { emit, examples, field, jsonOption, say, unusableFiles } from './output.ts'

const imagesOrFeatures = text("a path, 'kind:path' or an .npy file of features")

const nearestOptions = z.strictObject({
  encoder: option(text('a run folder, .safetensors or PyTorch file'), {
    about: 'What makes the features of images.',
    default: 'needed unless `data` and `query` are features already',
  }),
  data: required(imagesOrFeatures, {
    about: 'Images to look among, or their features as simclr embed has written them.',
  }),
  query: required(imagesOrFeatures, { about: 'Images whose neighbours are looked for, or their features.' }),
  ...neighbourOptions,
  limit: option(integer(1), {
    about: 'Looks among only so many of the images of `data`.',
    default: 'all',
    unit: 'images',
  }),
  maxSkipped: trainSettings.shape.maxSkipped,
  device,
  threads,
})

export function registerNearest(program: Command): void {
  const command = program
    .command('nearest')
    .description(
      'print a line for each neighbour of each query, the nearest first: name of the query, name of the neighbour and similarity, by tabs',
    )
  addOptionFlags(command, nearestOptions)
  command
    .addOption(jsonOption())
    .addHelpText(
      'after',
      examples(
        ['simclr nearest --encoder runs/a --data ./photos --query cat.jpg', 'the ten photos nearest to one'],
        [
          'simclr nearest --encoder runs/a --data photos.npy --query ./new --k 1 --json',
          'among features that simclr embed has written',
        ],
      ),
    )
    .action(runNearest)
}

async function runNearest(flags: { json?: boolean } & Record<string, unknown>): Promise<void> {
  const options = validate(nearestOptions, readOptionFlags(nearestOptions, flags))
  const { data, query, k, metric, limit, maxSkipped } = options
  using interrupt = interruptSignal()
  const { signal } = interrupt
  using encoder = await encoderFor(options)
  const queries = await featuresOf(query, encoder, { maxSkipped, signal })
  const references = await featuresOf(data, encoder, { limit, maxSkipped, signal })
  const { dim } = queries
  if (references.dim !== dim) {
    const advice = 'Features that different encoders made cannot be compared: make both with the same.'
    throw invalid(expected(`rows of ${dim} features, as \`query\` has them,`, 'data', references.dim, advice))
  }
  const found = await nearest(queries.data, references.data, { dim, k, metric })
  print(queries, references, found, flags.json ?? false)
  const skipped = queries.skipped + references.skipped
  const left = skipped === 0 ? '' : `, left out ${unusableFiles(skipped)}`
  const [asked, each] = found.shape
  say(`${formatCount(asked)} queries, ${each} of ${formatCount(references.names.length)} each${left}.`)
  if (flags.json)
    emit({ type: 'result', queries: asked, references: references.names.length, k: each, skipped })
}

function print(
  queries: NamedFeatures,
  references: NamedFeatures,
  { indices, similarities, shape: [, k] }: Awaited<ReturnType<typeof nearest>>,
  json: boolean,
): void {
  for (const [i, name] of queries.names.entries()) {
    const neighbours = Array.from({ length: k }, (_, j) => i * k + j).map((at) => ({
      name: references.names[indices[at]!]!,
      index: indices[at]!,
      similarity: similarities[at]!,
    }))
    if (json) {
      emit({ type: 'query', name, neighbours })
      continue
    }
    for (const { name: other, similarity } of neighbours)
      process.stdout.write(`${field(name)}\t${field(other)}\t${similarity.toFixed(4)}\n`)
  }
}

const isFeatures = (path: string) => path.endsWith('.npy')

type Options = z.output<typeof nearestOptions>

/** Null where nothing has to be embedded. */
async function encoderFor({ encoder, data, query, device, threads }: Options): Promise<Encoder | null> {
  if (isFeatures(data) && isFeatures(query)) return null
  if (encoder !== undefined) return await loadEncoder(encoder, { device, threads })
  const advice = 'It makes the features of images; features of simclr embed (.npy) need none.'
  throw invalid(expected('a run folder or encoder file', 'encoder', encoder, advice))
}

function featuresOf(from: string, encoder: Encoder | null, options: EmbedOptions): Promise<NamedFeatures> {
  return isFeatures(from) ? readFeatures(from) : embedSet(encoder!, from, options)
}
