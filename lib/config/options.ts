/**
 * Every option of `train()`, once: validation, messages, command-line flags and documentation follow from this file
 * and settings.ts.
 */
import { z } from 'zod'
import type { TrainEvent } from '../run/events.ts'
import { dataInput } from './data-input.ts'
import { instance, integer, option, signal, text, yesNo } from './option.ts'
import type { Must, Same } from './same.ts'
import { trainSettings } from './settings.ts'
import type { TrainOptions } from './types/train-options.ts'

export const trainOptions = z
  .strictObject({
    data: option(dataInput, {
      about: "Images: a folder or file, 'cifar10:DIR', 'idx:FILE', 'synthetic:scenes', or in code a source.",
      default: 'synthetic:scenes,split=train',
      mayChange: true,
      perRank: true,
      flag: 'data',
    }),
    ...trainSettings.shape,
    processes: option(integer(1, 1024), {
      about: 'Processes on this machine that share every batch, each a child of this one.',
      default: '1; what torchrun or srun start needs no option',
    }),
    maxRestarts: option(integer(0), {
      about: 'With `processes`: how often to go on from the last checkpoint after one of them has died.',
      default: '0',
    }),
    out: option(text('a path'), {
      about: 'Run folder.',
      default: 'a new one in runs/',
    }),
    resume: option(text("'auto', 'never' or a checkpoint's path"), {
      about: "'auto' goes on from the folder's newest checkpoint, 'never' wants a folder without a run.",
      default: 'auto',
    }),
    report: option(yesNo(), {
      about: 'Writes report.html into the run folder at the end.',
      default: 'true',
    }),
    isolate: option(yesNo(), {
      about: 'Trains in a process of its own: a crash or an out-of-memory kill there is an error here.',
      default: 'false',
    }),
    onProgress: option(
      instance<(event: TrainEvent) => void>('a function', (value) => typeof value === 'function'),
      { about: 'Called with each event of the run.', default: 'none', flag: null },
    ),
    signal: signal('Stops the run after the current step, with a checkpoint.'),
  })
  .register(z.globalRegistry, { title: 'train options' })

export type { TrainOptions }

type _Options = Must<Same<TrainOptions, z.input<typeof trainOptions>>> // not: npx tsx scripts/option-types.ts
