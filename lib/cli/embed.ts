/** `simclr embed`: the features of a set of images, as a NumPy array and the names of its rows. */
import type { Command } from 'commander'
import { z } from 'zod'
import { output } from '../config/encoder-options.ts'
import { validate } from '../config/messages.ts'
import { integer, option, required, text } from '../config/option.ts'
import { device, threads, trainSettings } from '../config/settings.ts'
import { formatCount } from '../format.ts'
import { loadEncoder } from './encoder.ts'
import { namesFileOf, writeFeatures } from './features.ts'
import { interruptSignal } from './interrupt.ts'
import { addOptionFlags, readOptionFlags } from './option-flags.ts'
import { emit, examples, jsonOption, say, unusableFiles } from './output.ts'

const embedOptions = z.strictObject({
  encoder: required(text('a run folder, .safetensors or PyTorch file'), {
    about: 'What makes the features.',
  }),
  data: required(text("a path or 'kind:path'"), { about: 'Images to embed.' }),
  output,
  out: required(
    { schema: z.string().regex(/.\.npy$/), expected: 'a path ending in .npy', kind: 'path' },
    { about: 'Where the features go; the names go beside it, to .files.txt.' },
  ),
  limit: option(integer(1), { about: 'Embeds only so many images.', default: 'all', unit: 'images' }),
  maxSkipped: trainSettings.shape.maxSkipped,
  device,
  threads,
})

export function registerEmbed(program: Command): void {
  const command = program
    .command('embed')
    .description(
      'write the features of images to X.npy (float32, images x features) and their names to X.files.txt',
    )
  addOptionFlags(command, embedOptions)
  command
    .addOption(jsonOption())
    .addHelpText(
      'after',
      examples(
        ['simclr embed --encoder runs/a --data ./photos --out photos.npy', 'np.load reads it'],
        [
          'simclr embed --encoder runs/a --output projection --data ./photos --out z.npy',
          'through the projection head, too',
        ],
      ),
    )
    .action(runEmbed)
}

async function runEmbed(flags: { json?: boolean } & Record<string, unknown>): Promise<void> {
  const options = validate(embedOptions, readOptionFlags(embedOptions, flags))
  const { out, limit, maxSkipped } = options
  using interrupt = interruptSignal()
  const { device, threads, output } = options
  using encoder = await loadEncoder(options.encoder, { device, threads, output })
  const reading = { limit, maxSkipped, signal: interrupt.signal }
  const { rows, skipped } = await writeFeatures(encoder, options.data, out, reading)
  const shape = [rows, encoder.featureDim] as const
  const namesFile = namesFileOf(out)
  say(`${formatCount(shape[0])} images x ${shape[1]} features → ${out}, names → ${namesFile}`)
  if (skipped > 0) say(`Left out ${unusableFiles(skipped)}.`)
  if (flags.json) emit({ type: 'result', out, files: namesFile, shape, skipped })
}
