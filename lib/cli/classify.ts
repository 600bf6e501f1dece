/** `simclr classify`: what a fine-tuned encoder takes images for. */
import type { Command } from 'commander'
import { z } from 'zod'
import { validate } from '../config/messages.ts'
import { integer, option, required, text } from '../config/option.ts'
import { device, threads, trainSettings } from '../config/settings.ts'
import { inChunks, readImages } from '../data/images.ts'
import { sequence } from '../data/indices.ts'
import { formatCount } from '../format.ts'
import { loadEncoder } from './encoder.ts'
import { interruptSignal } from './interrupt.ts'
import { addOptionFlags, readOptionFlags } from './option-flags.ts'
import { emit, examples, field, jsonOption, say, unusableFiles } from './output.ts'

const classifyOptions = z.strictObject({
  encoder: required(text('a run folder, .safetensors or PyTorch file'), {
    about: 'A fine-tuned encoder: of a run whose `objective` was supervised or distill.',
  }),
  data: required(text("a path or 'kind:path'"), { about: 'Images to classify.' }),
  limit: option(integer(1), { about: 'Classifies only so many images.', default: 'all', unit: 'images' }),
  maxSkipped: trainSettings.shape.maxSkipped,
  device,
  threads,
})

export function registerClassify(program: Command): void {
  const command = program
    .command('classify')
    .description(
      'print a line for each image: its name, its most probable class and the probability, by tabs',
    )
  addOptionFlags(command, classifyOptions)
  command
    .addOption(jsonOption())
    .addHelpText(
      'after',
      examples(
        ['simclr classify --encoder runs/tuned --data ./photos', 'names, classes and probabilities'],
        ['simclr classify --encoder runs/tuned --data ./photos --json', 'the probabilities of all classes'],
      ),
    )
    .action(runClassify)
}

async function runClassify(flags: { json?: boolean } & Record<string, unknown>): Promise<void> {
  const options = validate(classifyOptions, readOptionFlags(classifyOptions, flags))
  using interrupt = interruptSignal()
  const { signal } = interrupt
  using encoder = await loadEncoder(options.encoder, { device: options.device, threads: options.threads })
  const classes = encoder.requireClasses()
  const { imageSize } = encoder.preprocessing
  const { limit, maxSkipped } = options
  const images = await readImages(options.data, { imageSize, limit, maxSkipped, signal })
  try {
    let count = 0
    if (flags.json) emit({ type: 'classes', classes })
    const classify = async (part: Uint32Array) => {
      const { data, best } = await encoder.classifyFeatures(await encoder.embedStore(images.store, part))
      count += part.length
      for (const [i, index] of part.entries()) {
        const row = data.subarray(i * classes.length, (i + 1) * classes.length)
        const probability = Math.max(...row)
        const name = images.nameOf(index)
        if (flags.json) {
          emit({ type: 'image', name, class: best[i], probability, probabilities: [...row] })
        } else process.stdout.write(`${field(name)}\t${field(best[i]!)}\t${probability.toFixed(4)}\n`)
      }
    }
    await inChunks({ images, indices: sequence(images.count) }, classify, signal)
    const skipped = images.skipped.length
    const left = skipped === 0 ? '' : `, left out ${unusableFiles(skipped)}`
    say(`${formatCount(count)} images, ${classes.length} classes${left}.`)
    if (flags.json) emit({ type: 'result', images: count, skipped })
  } finally {
    await images.dispose()
  }
}
