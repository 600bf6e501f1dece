/**
 * What describes a run: every option of `train()` but those that say where, when and to whom (options.ts). The defaults'
 * values are in presets.ts.
 */
import { z } from 'zod'
import {
  augment,
  byPreset,
  conventions,
  distillation,
  encoder,
  head,
  loss,
  optimizer,
  type optimizers,
  schedule,
} from './groups.ts'
// biome-ignore format: one line
import { belowOne, choice, integer, nullOr, option, phases, real, share, text, wordOr, yesNo } from './option.ts'
import { checkpoint, distributed, probe, validation } from './run-groups.ts'
import type { Must, Same } from './same.ts'
import type { PresetName, TrainSettings } from './types/train-settings.ts'

export const presetNames = [
  'sample',
  'quick',
  'cifar',
  'imagenet',
  'paper',
  'torch',
  'fine-tune',
  'distill',
] as const
/** What an encoder can learn. */
export const objectives = ['contrastive', 'supervised', 'distill'] as const
export type OptimizerName = (typeof optimizers)[number]

export const device = option(
  {
    schema: z.string().regex(/^(auto|cpu|cuda(:\d+)?)$/),
    expected: "'auto', 'cpu', 'cuda' or 'cuda:N'",
    kind: 'word',
    words: ['auto', 'cpu', 'cuda', 'cuda:N'],
  },
  {
    about: "Where to compute; 'auto' takes a GPU where there is one and says what it took.",
    default: 'auto',
    mayChange: true,
    perRank: true,
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
  mayChange: true,
  perRank: true,
})

export const trainSettings = z.strictObject({
  preset: option(choice(presetNames), {
    about: 'Named recipe; every other option overrides it.',
    default:
      "'sample' without data, 'fine-tune' where the objective is 'supervised', 'distill' where it is that, 'cifar' up to 64 px, else 'imagenet'",
  }),
  convention: option(choice(conventions), {
    about: 'One name for the conventions of encoder, head, loss, optimizer, schedule and augmentation.',
    default: byPreset,
  }),
  objective: option(choice(objectives), {
    about:
      "What the encoder learns: to tell views of one image from all others; 'supervised': the images' classes, by a classifier on its features; 'distill': what `teacher` takes the images for, by such a classifier. NT-Xent has no part in the latter two (docs/fine-tuning.md).",
    default: "'contrastive', 'supervised' in the preset 'fine-tune', 'distill' in that",
    source: '§2.1; appendix B.5; SimCLR v2 §2',
  }),
  init: option(nullOr(text('a run folder, .safetensors or PyTorch file')), {
    about:
      'Weights that the encoder begins with: of a run, an encoder.safetensors, or a ResNet that others have trained, as a .safetensors file or one of torch.save. Architecture, image size and normalisation are its own then (docs/fine-tuning.md). Null: random ones.',
    default: 'null',
    perRank: true,
  }),
  teacher: option(nullOr(text('a run folder or encoder file')), {
    about:
      "A fine-tuned encoder whose classes' probabilities the objective 'distill' learns, of images that need no labels: a run folder, an encoder.safetensors or a checkpoint. Image size and normalisation are its own then; architecture need not be (docs/fine-tuning.md).",
    default: 'null',
    mayChange: true,
    perRank: true,
    source: 'SimCLR v2 §2',
  }),
  distillation,
  labelSmoothing: option(belowOne(), {
    about:
      "Where labels train the encoder (objective 'supervised', or 'distill' with `distillation.weight` below 1): this share of each label is spread evenly over all classes.",
    default: '0',
    source: 'arXiv 1512.00567 §7; torch.nn.CrossEntropyLoss',
  }),
  fineTuneAfterBlock: option(integer(-1, 4), {
    about:
      "Where the objective is 'supervised' or 'distill': trains only what comes after the stem (0) or after this group of residual blocks (1 to 4). What comes before it stays as it is, its BatchNorm in evaluation mode. 4: the classifier alone, and layers of the head that are kept; -1: everything (docs/fine-tuning.md).",
    default: '-1',
    source: 'tf2/resnet.py, fine_tune_after_block',
  }),
  limit: option(integer(1), {
    about: 'Uses only so many images, the same ones every time.',
    default: 'all',
    unit: 'images',
  }),
  limitPerClass: option(integer(1), {
    about: 'Uses so many images of each class, the first ones where there is no `limitSeed`.',
    default: 'all',
    unit: 'images',
  }),
  labelFraction: option(share(), {
    about:
      "Uses this share of the images that have a label, as many of each class: 0.01 and 0.1 are the paper's. The first ones where there is no `limitSeed`; takes the place of `limitPerClass`.",
    default: 'all',
    source: '§4.1, appendix B.5',
  }),
  limitSeed: option(integer(0, 0xffff_ffff), {
    about:
      'Draws the images of `limit`, `limitPerClass` and `labelFraction`: another seed, others; a larger limit holds all of a smaller one. For repeated draws of a share of the labels.',
    default: 'a fixed choice',
  }),
  imageSize: option(integer(8, 1024), {
    about: 'Height and width of the views.',
    default:
      "from the preset, or the images' own up to 128 px where it says none or, above 32 px, none is named",
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
  epochs: option(integer(1), {
    about: 'Passes over the images.',
    default: byPreset,
    mayChange: true,
    unit: 'epochs',
  }),
  steps: option(nullOr(integer(1)), {
    about: 'Fixed number of training steps instead of `epochs`; null: from epochs.',
    default: 'null',
    mayChange: true,
    unit: 'steps',
    source: 'tf2/run.py, train_steps',
  }),
  batchSize: option(integer(2), {
    about: 'Images a step.',
    default:
      "from the preset, but no more than there are; where the objective is 'supervised', about a sixteenth of them and at least 16",
    unit: 'images',
    source: '§5.2',
  }),
  views: option(integer(1, 64), {
    about:
      'Views of each image in a step; with more than two, NT-Xent is the mean over the pairs that each makes (docs/views.md).',
    default: "2, but for some presets; 1 where the objective is 'supervised' or 'distill'",
    unit: 'views',
    source: 'arXiv 2403.05490',
  }),
  temperature: option(real(1e-4), {
    about: 'NT-Xent temperature τ.',
    default: 'from the preset; where it has none 0.1, 0.5 up to 32 px',
    source: '§2.1, §5.1',
  }),
  loss,
  optimizer,
  schedule,
  augment,
  probe,
  validation,
  device,
  precision,
  threads,
  distributed,
  seed: option(integer(0), {
    about: 'Everything random is a function of it.',
    default: '0',
  }),
  recompute: option(yesNo(), {
    about:
      'Computes the activations inside residual blocks again in the backward pass instead of keeping them: the same numbers, in more time. For networks whose blocks take most of the memory: ResNet-18 with the ImageNet stem at 32 px has none of it back and is 10 to 18 % slower (docs/performance.md).',
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
    mayChange: true,
    perRank: true,
  }),
  stream: option(choice(['auto', 'on', 'off']), {
    about:
      "Decodes images when they are needed instead of keeping all in memory; 'auto' where they would not fit.",
    default: 'auto',
    mayChange: true,
    perRank: true,
  }),
  maxSkipped: option(real(0, 1), {
    about: 'Share of images that may turn out unreadable before the run stops.',
    default: '0.1',
    mayChange: true,
    perRank: true,
  }),
  checkpoint,
})

export type { PresetName, TrainSettings }

type _Settings = Must<Same<TrainSettings, z.input<typeof trainSettings>>> // not: npx tsx scripts/option-types.ts
