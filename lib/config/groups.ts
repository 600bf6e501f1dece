/** The nested groups of `train()`'s options that say what is learnt, and how; see options.ts and run-groups.ts. */
import { z } from 'zod'
import { smallImage } from '../augment/index.ts'
import {
  ascending,
  belowOne,
  choice,
  group,
  integer,
  nullOr,
  numeric,
  option,
  positive,
  range,
  real,
  share,
  triple,
  yesNo,
} from './option.ts'

export const conventions = ['paper', 'torch'] as const
export const optimizers = ['lars', 'sgd', 'adam', 'adamw'] as const
export const schedules = ['cosine', 'constant', 'step'] as const
export const arches = ['resnet18', 'resnet34', 'resnet50', 'resnet101', 'resnet152', 'resnet200'] as const
export const byPreset = 'from the preset'
const byConvention = 'from `convention`'

const asConvention = (what: string) =>
  `${what}, as google-research/simclr ('paper') or torchvision and lightly ('torch') have it.`

const convention = (what: string, source?: string) =>
  option(choice(conventions), {
    about: asConvention(what),
    default: byConvention,
    ...(source === undefined ? {} : { source }),
  })

export const width = numeric(
  z
    .number()
    .positive()
    .max(16)
    .refine((value) => Number.isInteger(value * 8)),
  'a multiple of 1/8 up to 16',
)

export const encoder = group('encoder', {
  arch: option(choice(arches), { about: 'ResNet depth.', default: byPreset, source: '§4.1', flag: 'arch' }),
  width: option(width, {
    about: 'Multiplies every channel count.',
    default: byPreset,
    source: '§4.1',
    flag: 'width',
  }),
  stem: option(choice(['auto', 'imagenet', 'cifar', 'stride2']), {
    about: `First layers: 'imagenet' 7x7/2 and max pool, 'cifar' 3x3/1, 'stride2' 3x3/2 without pool; 'auto' is 'cifar' up to ${smallImage} px.`,
    default: byPreset,
    source: 'appendix B.9',
    flag: 'stem',
  }),
  convention: option(choice(conventions), {
    about: asConvention('Geometry, padding, running variance and initialisation'),
    default: "from `convention`; where that is the preset's, 'torch' in 'cifar', 'imagenet' and 'distill'",
  }),
  skRatio: option(real(0, 1), {
    about: "Selective kernels: 0 without, 0.0625 in SimCLR v2 (needs encoder.convention 'paper').",
    default: '0',
    source: 'SimCLR v2 §2',
  }),
})

export const head = group('projection head', {
  layers: option(integer(0, 8), {
    about: 'Layers of the projection head: 0 none, 1 linear, 2 SimCLR v1, 3 SimCLR v2.',
    default: '2',
    source: '§4.2',
  }),
  hidden: option(nullOr(integer(1, 65536)), {
    about:
      "Width of the projection head's layers before the last one; null: that of the encoder's features, as in the paper.",
    default: 'null',
    source: '§4.2',
  }),
  dim: option(integer(1, 65536), {
    about: 'Output dimension of the projection head.',
    default: '128',
    source: '§4.2',
  }),
  convention: convention('BatchNorm shift and initialisation of the head'),
  keep: option(integer(0, 7), {
    about:
      "First layers of the projection head that the classifier stands on, and that are trained on with the encoder, where the objective is 'supervised' or 'distill'; 0: it stands on the encoder's features (docs/fine-tuning.md).",
    default: '0; SimCLR v2 has 1',
    source: 'SimCLR v2 §2',
  }),
})

export const loss = group('loss', {
  scale: option(
    { schema: z.union([z.literal(1), z.literal(2)]), expected: '1 or 2', kind: 'word', words: ['1', '2'] },
    {
      about: 'Factor of NT-Xent, times the mean over all views: 2 in the paper code, 1 in torch.',
      default: byConvention,
      source: 'tf2/objective.py',
    },
  ),
  normalize: option(yesNo(), {
    about: 'L2-normalise projections before the loss.',
    default: 'true',
    source: '§5.1',
  }),
})

export const distillation = group('distillation', {
  temperature: option(real(1e-3), {
    about:
      "Temperature τ of the teacher's and the student's softmax, whose cross entropy is multiplied by τ². SimCLR v2 has 0.1 where both have one architecture.",
    default: '1',
    source: 'SimCLR v2 eq. 2',
  }),
  weight: option(share(), {
    about:
      "Weight α of what the teacher says; the rest is the labels' cross entropy, for which the images must have the teacher's classes. 1: labels are not looked at.",
    default: '1',
    source: 'SimCLR v2 eq. 3',
  }),
})

export const optimizer = group('optimizer', {
  name: option(choice(optimizers), {
    about:
      "Optimizer: 'adam' adds the weight decay to the gradient, 'adamw' shrinks weights by lr × weightDecay.",
    default: byPreset,
    source: '§2.2; tf2/model.py, build_optimizer',
    flag: 'optimizer',
  }),
  lr: option(real(0), {
    about: 'Base learning rate, before schedule.scaling.',
    default: 'from the preset or the optimizer',
    source: 'appendix B.1',
    flag: 'lr',
  }),
  encoderLr: option(nullOr(real(0)), {
    about:
      "Base learning rate of the encoder, and of layers of the head that are kept, where the objective is 'supervised' or 'distill'; `lr` is then the classifier's alone. Both have one schedule and scaling. Null: `lr`, for all.",
    default: 'null',
    source: 'facebookresearch/barlowtwins evaluate.py, --lr-backbone',
    flag: 'encoder-lr',
  }),
  maxGradientNorm: option(nullOr(positive()), {
    about:
      'Clips gradients: where all of a step together, over all threads and processes, are longer than this (L2), they become this long. `gradientNorm` of events is that before. Null: they stay as they are.',
    default: 'null',
    source: 'torch.nn.utils.clip_grad_norm_',
    flag: 'max-gradient-norm',
  }),
  momentum: option(real(0, 1), {
    about: 'Momentum of LARS and SGD.',
    default: '0.9',
    source: 'tf2/lars_optimizer.py',
  }),
  nesterov: option(yesNo(), {
    about: 'Nesterov momentum of LARS and SGD.',
    default: "false, but for some presets and SGD as the paper's code has it",
  }),
  beta1: option(belowOne(), {
    about: "Share of Adam's first moment, the mean of gradients, that stays at a step.",
    default: '0.9',
    source: 'arXiv 1412.6980',
  }),
  beta2: option(belowOne(), {
    about: "Share of Adam's second moment, the mean of their squares, that stays at a step.",
    default: '0.999',
    source: 'arXiv 1412.6980',
  }),
  weightDecay: option(real(0), {
    about: 'L2 weight decay; of AdamW decoupled from the gradient.',
    default: 'from the preset or the optimizer',
    source: '§2.2',
    flag: 'weight-decay',
  }),
  convention: convention(
    'Form of LARS: learning rate inside the buffer, or after it with an epsilon; of Adam: epsilon joins the root as it is, in tf.keras, or bias-corrected, in torch.optim',
    'LARS §3',
  ),
  trustCoefficient: option(positive(), {
    about: "LARS's trust coefficient.",
    default: '0.001',
    source: 'tf2/lars_optimizer.py',
  }),
  classicMomentum: option(yesNo(), {
    about: "LARS 'paper': learning rate inside the momentum buffer.",
    default: 'true',
    source: 'tf2/lars_optimizer.py',
  }),
  epsilon: option(real(0, 1), {
    about: "LARS 'torch': added to the trust ratio's divisor. Adam: to the divisor of the step, above 0.",
    default: "1e-8; of Adam in the convention 'paper' 1e-7, as in tf.keras",
  }),
  decayAll: option(yesNo(), {
    about: 'SGD and Adam: BatchNorm parameters and biases decay too, as in torch.optim by itself.',
    default: byConvention,
  }),
})

export const schedule = group('schedule', {
  name: option(choice(schedules), {
    about:
      "Learning rate after the warm-up: half a cosine down to 0, the peak to the end, or the peak times `schedule.gamma` from each of `schedule.milestones` on ('step').",
    default: 'cosine',
    source: '§2.2; torch.optim.lr_scheduler.MultiStepLR',
    flag: 'schedule',
  }),
  milestones: option(nullOr(ascending()), {
    about:
      "Epochs after which the schedule 'step' lowers the learning rate, counted from the beginning of the run.",
    default: "null; needed where `schedule.name` is 'step'",
    unit: 'epochs',
    source: 'torch.optim.lr_scheduler.MultiStepLR',
    flag: 'milestones',
  }),
  gamma: option(positive(), {
    about: "What the schedule 'step' multiplies the learning rate by at each milestone.",
    default: '0.1',
    source: 'torch.optim.lr_scheduler.MultiStepLR',
  }),
  convention: convention(
    'Epochs and warm-up: an endless stream with batches across epochs, or whole epochs without the last partial batch',
    'tf2/model.py',
  ),
  scaling: option(choice(['linear', 'sqrt', 'none']), {
    about: 'Peak learning rate from the batch size B: lr·B/256, lr·√B or lr.',
    default: 'from the preset or the optimizer',
    source: 'appendix B.1',
    flag: 'lr-scaling',
  }),
  warmupEpochs: option(real(0), {
    about: 'Epochs of linear warm-up.',
    default: "from the preset; a tenth of the run where the preset's is not shorter than it",
    unit: 'epochs',
    source: '§2.2',
    flag: 'warmup-epochs',
  }),
})

export const augment = group('augmentation', {
  convention: convention('Crop sampling, resampling, contrast, saturation and blur padding', 'appendix A'),
  cropArea: option(range(0.001, 1), {
    about: 'Share of the image that a crop keeps.',
    default: '[0.08, 1], but for some presets',
    source: 'appendix A',
  }),
  cropAspect: option(range(0.1, 10), {
    about: 'Width over height of a crop.',
    default: '[3/4, 4/3]',
    source: 'appendix A',
  }),
  flip: option(real(0, 1), {
    about: 'Probability of a left-right flip.',
    default: '0.5',
    source: 'appendix A',
  }),
  verticalFlip: option(real(0, 1), {
    about: 'Probability of a top-bottom flip: for images without an up (docs/augmentation.md).',
    default: '0',
  }),
  quarterTurn: option(real(0, 1), {
    about: 'Probability of a turn by a multiple of 90°, after the flips.',
    default: '0',
  }),
  quarterTurnMode: option(choice(['any', 'left']), {
    about:
      "By 90°, 180° or 270°, evenly ('any'), or by 90° counter-clockwise alone ('left'), as lightly turns.",
    default: 'any',
  }),
  jitter: option(real(0, 1), {
    about: 'Probability of colour jitter.',
    default: '0.8, but for some presets',
    source: 'appendix A',
  }),
  strength: option(real(0, 2), {
    about: 'Colour strength s: brightness, contrast and saturation 0.8 s, hue 0.2 s.',
    default: 'from the preset; where it has none 1, 0.5 up to 32 px',
    source: 'appendix A',
  }),
  brightness: option(real(0, 4), { about: 'Brightness range ±.', default: '0.8 × strength' }),
  contrast: option(real(0, 4), { about: 'Contrast range ±.', default: '0.8 × strength' }),
  saturation: option(real(0, 4), { about: 'Saturation range ±.', default: '0.8 × strength' }),
  hue: option(real(0, 0.5), { about: 'Hue range ±, of a full turn.', default: '0.2 × strength' }),
  brightnessMode: option(choice(['multiply', 'add']), {
    about: 'Brightness multiplies (v2) or adds (v1).',
    default: 'multiply',
    source: 'tf2/data_util.py',
  }),
  hueMode: option(choice(['exact', 'fast']), {
    about: "Hue in HSV, or as a 3x3 matrix ('fast'), which makes other colours (docs/augmentation.md).",
    default: 'exact',
  }),
  gray: option(real(0, 1), {
    about: 'Probability of a grey image.',
    default: '0.2, but for some presets',
    source: 'appendix A',
  }),
  blur: option(real(0, 1), {
    about: 'Probability of Gaussian blur.',
    default: `0.5, 0 up to ${smallImage} px, but for some presets`,
    source: 'appendix A',
  }),
  blurSigma: option(range(0.01, 100), {
    about: 'Standard deviation of the blur.',
    default: '[0.1, 2]',
    unit: 'pixels',
    source: 'appendix A',
  }),
  solarize: option(real(0, 1), { about: 'Probability of solarisation.', default: '0' }),
  mean: option(nullOr(triple(0)), {
    about: 'Subtracted from each channel of [0, 1]; null: nothing.',
    default: "ImageNet's in the torch convention, null in the paper's",
  }),
  std: option(nullOr(triple(1e-6)), {
    about: 'Each channel is divided by it; null: nothing.',
    default: "ImageNet's in the torch convention, null in the paper's",
  }),
})
