/** `simclr augment`: a contact sheet of the views that training would see. */
import type { Command } from 'commander'
import { z } from 'zod'
import { loadAddon } from '../addon/load.ts'
import { lower, simclrFamily } from '../augment/index.ts'
import { contactSheet } from '../augment/sheet.ts'
import type { DataFacts } from '../config/facts.ts'
import { validate } from '../config/messages.ts'
import { integer, option, required } from '../config/option.ts'
import { trainOptions } from '../config/options.ts'
import { resolve } from '../config/resolve.ts'
import type { TrainSettings } from '../config/settings.ts'
import { dataFacts, readImages } from '../data/images.ts'
import { sequence } from '../data/indices.ts'
import { sampleTrain } from '../data/sources/scenes.ts'
import { prepareOutput, writeOutput } from '../io/output.ts'
import { machineFacts } from '../machine-facts.ts'
import { interruptSignal } from './interrupt.ts'
import { addOptionFlags, readOptionFlags } from './option-flags.ts'
import { emit, examples, jsonOption, say } from './output.ts'

const { data, preset, convention, imageSize, augment, seed, maxSkipped } = trainOptions.shape

const sheetOptions = z.strictObject({
  out: required(
    { schema: z.string().regex(/.\.png$/), expected: 'a path ending in .png', kind: 'path' },
    { about: 'Where the sheet goes.' },
  ),
  count: option(integer(1, 1000), { about: 'Images, one a row.', default: '8' }),
  views: option(integer(1, 64), { about: 'Views of each image.', default: '8' }),
  epoch: option(integer(0, 2 ** 32 - 1), { about: 'Epoch whose views are shown.', default: '0' }),
  data,
  preset,
  convention,
  imageSize,
  seed,
  augment,
  maxSkipped,
})

export function registerAugment(program: Command): void {
  const command = program
    .command('augment')
    .description('draw a contact sheet: a row an image, the image and then views of it as training sees them')
  addOptionFlags(command, sheetOptions, ['out', 'data', 'preset', 'count', 'views', 'seed', 'epoch'])
  command
    .addOption(jsonOption())
    .addHelpText(
      'after',
      examples(
        ['simclr augment --out sheet.png', 'synthetic scenes through the recipe of `npm start`'],
        ['simclr augment --data ./photos --preset paper --out sheet.png', "the paper's ImageNet family"],
        ['simclr augment --augment-strength 0.5 --augment-blur 0 --out weak.png', 'options of train'],
        ['simclr augment --out sheet.png --json', 'also says what was drawn for every view'],
      ),
    )
    .action(drawSheet)
}

async function drawSheet(flags: { json?: boolean } & Record<string, unknown>): Promise<void> {
  const options = validate(sheetOptions, readOptionFlags(sheetOptions, flags))
  const { out, count = 8, views = 8, epoch = 0, data = sampleTrain, ...settings } = options
  await prepareOutput(out)
  using interrupt = interruptSignal()
  const addon = loadAddon()
  const machine = machineFacts(addon)
  const isDefault = data === sampleTrain
  // The sheet's few images stand for a set of any size: nothing here depends on how many there are.
  const of = (data: DataFacts) =>
    resolve(settings as TrainSettings, { data: { ...data, images: 2 ** 31 }, machine })
  const images = await readImages(data as string, {
    // Decoded as training decodes them, to twice the size of its views.
    imageSize: (usual) => of({ images: 0, labelled: true, isDefault, imageSize: usual }).config.imageSize,
    limit: count,
    maxSkipped: options.maxSkipped,
    signal: interrupt.signal,
  })
  try {
    const { config, notes } = of(dataFacts(images, isDefault))
    for (const note of notes) say(`Note: ${note}`)
    const plan = lower(simclrFamily(config.augment), config.imageSize)
    const { seed, threads } = config
    const png = await contactSheet(images.store, sequence(images.count), plan, {
      views,
      seed,
      epoch,
      threads,
    })
    await writeOutput(out, png)
    if (flags.json) {
      const augmenter = new addon.Augmenter(plan)
      for (let index = 0; index < images.count; index++) {
        const { width, height } = images.store.get(index)
        for (let view = 0; view < views; view++) {
          const parameters = augmenter.parameters({ seed, epoch, index, view, width, height })
          emit({ type: 'view', image: images.nameOf(index), view, ...parameters })
        }
      }
      emit({ type: 'result', out, images: images.count, views, plan })
    }
    say(`${images.count} images x ${views} views of ${plan.size} px, preset ${config.preset} → ${out}`)
  } finally {
    await images.dispose()
  }
}
