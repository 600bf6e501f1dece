/** `simclr embed`: the features of a set of images, as a NumPy array and the names of its rows. */
import { type Command, Option } from 'commander'
import { SimclrError } from '../addon/errors.ts'
import { Encoder, sequence } from '../encoder.ts'
import { writeFileAtomic } from '../io/atomic.ts'
import { npyHeader } from '../io/npy.ts'
import { readImages } from '../run/images.ts'
import { interruptSignal } from './interrupt.ts'
import { emit, examples, formatCount, jsonOption, say } from './output.ts'

interface EmbedFlags {
  encoder: string
  data: string
  out: string
  device?: string
  limit?: string
  json?: boolean
}

export function registerEmbed(program: Command): void {
  program
    .command('embed')
    .description(
      'write the features of images to X.npy (float32, images x features) and their names to X.files.txt',
    )
    .addOption(new Option('--encoder <path>', 'run folder or encoder.safetensors').makeOptionMandatory())
    .addOption(new Option('--data <data>', 'images: a folder, a file, or kind:path').makeOptionMandatory())
    .addOption(new Option('--out <file.npy>', 'where to write').makeOptionMandatory())
    .option('--device <device>', "'auto', 'cpu', 'cuda' or 'cuda:N' (default: auto)")
    .addOption(jsonOption())
    .addHelpText(
      'after',
      examples(['simclr embed --encoder runs/a --data ./photos --out photos.npy', 'np.load reads it']),
    )
    .action(runEmbed)
}

async function runEmbed(flags: EmbedFlags): Promise<void> {
  if (!flags.out.endsWith('.npy')) {
    throw new SimclrError(
      'ERR_SIMCLR_USAGE',
      `Expected a name ending in .npy for --out but received ${flags.out}.`,
    )
  }
  using interrupt = interruptSignal()
  using encoder = await Encoder.load(flags.encoder, { device: flags.device })
  const { imageSize } = encoder.preprocessing
  const images = await readImages(flags.data, { imageSize, signal: interrupt.signal })
  try {
    const data = await encoder.embedStore(images.store, sequence(images.count))
    const shape = [images.count, encoder.featureDim] as const
    const names = Array.from({ length: images.count }, (_, i) => `${images.nameOf(i)}\n`)
    const namesFile = flags.out.replace(/\.npy$/, '.files.txt')
    await writeFileAtomic(namesFile, names.join(''))
    await writeFileAtomic(flags.out, [
      npyHeader(shape),
      new Uint8Array(data.buffer, data.byteOffset, data.byteLength),
    ])
    say(`${formatCount(shape[0])} images x ${shape[1]} features → ${flags.out}, names → ${namesFile}`)
    if (images.skipped.length > 0)
      say(`Left out ${formatCount(images.skipped.length)} files that are no usable images.`)
    if (flags.json) {
      emit({ type: 'result', out: flags.out, files: namesFile, shape, skipped: images.skipped.length })
    }
  } finally {
    images.dispose()
  }
}
