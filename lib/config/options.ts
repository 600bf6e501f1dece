/**
 * Every option of `train()`, once: validation, messages, command-line flags and documentation follow from
 * this file. The defaults' values are in presets.ts.
 */
import { z } from 'zod'
import type { DataInput } from '../data/open.ts'
import type { TrainEvent } from '../run/events.ts'
import {
  augment,
  byPreset,
  checkpoint,
  conventions,
  distributed,
  encoder,
  head,
  loss,
  optimizer,
  probe,
  schedule,
} from './groups.ts'
// biome-ignore format: one line
import { choice, instance, integer, nullOr, option, phases, positive, real, text, wordOr, yesNo } from './option.ts'

export const presetNames = ['sample', 'quick', 'cifar', 'imagenet', 'paper', 'torch'] as const
export type PresetName = (typeof presetNames)[number]

export const dataInput = instance<DataInput>(
  "a path, 'kind:path' or a data source",
  (value) => (typeof value === 'string' && value !== '') || (typeof value === 'object' && value !== null),
)

export const device = option(
  { schema: z.string().regex(/^(auto|cpu|cuda(:\d+)?)$/), expected: "'auto', 'cpu', 'cuda' or 'cuda:N'" },
  {
    about: "Where to compute; 'auto' takes a GPU where there is one and says what it took.",
    default: 'auto',
  },
)

export const precision = option(choice(['auto', 'fp32', 'tf32', 'bf16', 'fp16', 'fp64']), {
  about:
    "Arithmetic of the encoder; 'auto' is bf16 where the hardware is fast at it (measured on a CPU), else fp32. fp16 scales the loss dynamically; on a CPU it is slow.",
  default: 'auto',
})

export const threads = option(wordOr('auto', integer(1, 1024)), {
  about: "CPU threads that share a batch; 'auto': as many as there are cores.",
  default: 'auto',
})

export const trainOptions = z
  .strictObject({
    preset: option(choice(presetNames), {
      about: 'Named recipe; every other option overrides it.',
      default: "'sample' without data, 'cifar' up to 64 px, else 'imagenet'",
    }),
    convention: option(choice(conventions), {
      about: 'One name for the conventions of encoder, head, loss, optimizer, schedule and augmentation.',
      default: byPreset,
    }),
    data: option(dataInput, {
      about: "Images: a folder or file, 'cifar10:DIR', 'idx:FILE', 'synthetic:scenes', or in code a source.",
      default: 'synthetic:scenes,split=train',
      flag: 'data',
    }),
    limit: option(integer(1), {
      about: 'Uses only so many images, the same ones every time.',
      default: 'all',
      unit: 'images',
    }),
    limitPerClass: option(integer(1), {
      about: 'Uses the first so many images of each class.',
      default: 'all',
      unit: 'images',
    }),
    imageSize: option(integer(8, 1024), {
      about: 'Height and width of the views.',
      default: 'from the preset or the images',
      unit: 'pixels',
    }),
    resolution: option(nullOr(phases()), {
      about:
        'Smaller views first: an epoch that begins before the share `until` of all epochs has views of `size` pixels, later ones of `imageSize` (docs/views.md).',
      default: 'null',
      source: 'arXiv 1906.06423',
    }),
    encoder,
    head,
    epochs: option(integer(1), { about: 'Passes over the images.', default: byPreset, unit: 'epochs' }),
    steps: option(nullOr(integer(1)), {
      about: 'Fixed number of training steps instead of `epochs`; null: from epochs.',
      default: 'null',
      unit: 'steps',
      source: 'tf2/run.py, train_steps',
    }),
    batchSize: option(integer(2), {
      about: 'Images a step.',
      default: byPreset,
      unit: 'images',
      source: '§5.2',
    }),
    views: option(integer(2, 64), {
      about:
        'Views of each image in a step; with more than two, NT-Xent is the mean over the pairs that each makes (docs/views.md).',
      default: '2',
      unit: 'views',
      source: 'arXiv 2403.05490',
    }),
    temperature: option(positive(), {
      about: 'NT-Xent temperature τ.',
      default: byPreset,
      source: '§2.1, §5.1',
    }),
    loss,
    optimizer,
    schedule,
    augment,
    probe,
    device,
    precision,
    threads,
    processes: option(integer(1, 1024), {
      about: 'Processes on this machine that share every batch, each a child of this one.',
      default: '1; what torchrun or srun start needs no option',
    }),
    maxRestarts: option(integer(0), {
      about: 'With `processes`: how often to go on from the last checkpoint after one of them has died.',
      default: '0',
    }),
    distributed,
    seed: option(integer(0), {
      about: 'Everything random is a function of it.',
      default: '0',
    }),
    recompute: option(yesNo(), {
      about:
        'Computes the activations inside residual blocks again in the backward pass instead of keeping them: the same numbers, less memory, about a third more time.',
      default: 'false',
    }),
    chunkSize: option(nullOr(integer(2)), {
      about:
        "Images of a process in the network at a time, so that memory does not grow with `batchSize`: NT-Xent and its gradient are the whole batch's, the forward pass is computed twice and BatchNorm's statistics are those of each chunk (docs/views.md); null: the whole batch at once.",
      default: 'null',
      unit: 'images',
      source: 'arXiv 2101.06983',
    }),
    cudaGraph: option(wordOr('auto', yesNo()), {
      about:
        "On a GPU: records a step as a CUDA graph after three of its shape and replays it, which spares the CPU the launches; needs memory for one more step. 'auto' where it can be (docs/cuda.md), and where recording fails the run goes on without and says why; true: that is an error.",
      default: 'auto',
    }),
    stream: option(choice(['auto', 'on', 'off']), {
      about:
        "Decodes images when they are needed instead of keeping all in memory; 'auto' where they would not fit.",
      default: 'auto',
    }),
    maxSkipped: option(real(0, 1), {
      about: 'Share of images that may turn out unreadable before the run stops.',
      default: '0.1',
    }),
    out: option(text('a path'), {
      about: 'Run folder.',
      default: 'a new one in runs/',
    }),
    resume: option(text("'auto', 'never' or a checkpoint's path"), {
      about: "'auto' goes on from the folder's newest checkpoint, 'never' wants a folder without a run.",
      default: 'auto',
    }),
    checkpoint,
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
    signal: option(
      instance<AbortSignal>('an AbortSignal', (value) => value instanceof AbortSignal),
      { about: 'Stops the run after the current step, with a checkpoint.', default: 'none', flag: null },
    ),
  })
  .register(z.globalRegistry, { title: 'train options' })

/** What `train()` takes. */
export type TrainOptions = z.input<typeof trainOptions>

/** The options that describe a run; the others say where, when and to whom. */
export type TrainSettings = Omit<
  TrainOptions,
  'data' | 'out' | 'resume' | 'report' | 'isolate' | 'signal' | 'onProgress' | 'processes' | 'maxRestarts'
>
