/** What `Encoder.load` and `Encoder.random` take. */
import { z } from 'zod'
import { conventions, encoder } from './groups.ts'
import { choice, integer, option, signal, triple } from './option.ts'
import { resolve } from './resolve.ts'
import type { ResolvedConfig } from './resolved.ts'
import type { Must, Same } from './same.ts'
import { device, threads, trainSettings } from './settings.ts'
import type {
  EmbedOptions,
  EncoderOptions,
  LoadOptions,
  PreprocessingOptions,
  RandomOptions,
} from './types/encoder-options.ts'
import type { ArchitectureOptions } from './types/groups.ts'

const preprocessing = {
  schema: z.strictObject({
    imageSize: option(integer(8, 1024), {
      about: 'Height and width that images are brought to, pixels.',
      default: 'from the file; untrained: 224',
    }),
    convention: option(choice(conventions), {
      about:
        "Resampling as in the augmentation of google-research/simclr ('paper') or torchvision ('torch').",
      default: 'from the file; untrained: as training has it',
    }),
    normalize: option(
      {
        schema: z.strictObject({ mean: triple(0).schema, std: triple(1e-6).schema }).nullable(),
        expected: 'null or { mean, std }, three numbers each of at least 0 and 1e-6',
        kind: 'value',
      },
      {
        about: 'What is subtracted from each channel of [0, 1], and what it is divided by; null: nothing.',
        default: 'from the file; untrained: as training has it',
      },
    ),
  }),
  expected: 'an object of imageSize, convention and normalize',
  kind: 'value',
} as const

export const encoderOptions = z.strictObject({
  device,
  precision: option(choice(['fp32', 'tf32', 'bf16', 'fp16', 'fp64']), {
    about: 'Arithmetic of the encoder; tf32 needs a GPU.',
    default: 'fp32',
  }),
  threads,
  preprocessing: option(preprocessing, {
    about:
      "How images are prepared, where it is not what the file says. A state dict of torchvision's says nothing: 224 pixels (CIFAR stem: 32), ImageNet's mean and deviation.",
    default: 'from the file',
  }),
})

/** What an encoder can put out. */
export const outputs = ['features', 'hidden', 'projection'] as const
export type EncoderOutput = (typeof outputs)[number]

export const output = option(choice(outputs), {
  about:
    "What images become: the encoder's features h, or what its projection head makes of them, z, which NT-Xent compares ('projection'), or what the head's first layer does, after BatchNorm and ReLU ('hidden'). An encoder.safetensors has thrown its head away: name a run folder or a checkpoint.",
  default: 'features',
  source: '§2.1, §4.2; SimCLR v2 §2',
})

export const loadOptions = encoderOptions.extend({ output })

export const embedOptions = z.strictObject({
  signal: signal('Ends the call with its reason, between two batches at the latest.'),
})

/** What `Encoder.random` takes, beside the options. */
export const untrained = z.strictObject({
  spec: encoder,
  preprocessing: option(preprocessing, { about: 'How images are prepared.', default: 'as training has it' }),
})

/** The encoder, where it is not as training would have it. */
export type UntrainedSpec = ArchitectureOptions

export const randomOptions = encoderOptions.extend({ seed: trainSettings.shape.seed })

export type { EmbedOptions, EncoderOptions, LoadOptions, PreprocessingOptions, RandomOptions }

// Not the same: npx tsx scripts/option-types.ts
type _Encoder = Must<Same<EncoderOptions, z.input<typeof encoderOptions>>>
type _Load = Must<Same<LoadOptions, z.input<typeof loadOptions>>>
type _Embed = Must<Same<EmbedOptions, z.input<typeof embedOptions>>>
type _Random = Must<Same<RandomOptions, z.input<typeof randomOptions>>>
type _Spec = Must<Same<UntrainedSpec | undefined, z.input<typeof encoder>>>

/** What training without other options would have: its encoder, and how it prepares images. */
export function untrainedConfig(
  spec: UntrainedSpec,
  { imageSize, convention }: PreprocessingOptions,
): ResolvedConfig {
  const data = { images: 2 ** 31, imageSize: imageSize ?? null, labelled: false, isDefault: false }
  const machine = { cores: 1, devices: ['cpu'], gpuProblem: null, bf16Speed: () => 0 }
  const options = {
    encoder: spec,
    imageSize,
    augment: { convention },
    device: 'cpu',
    precision: 'fp32',
  } as const
  return resolve(options, { data, machine }).config
}
