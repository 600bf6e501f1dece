/**
 * The named recipes and the defaults under them. A preset says only what it is about; what it leaves open
 * comes from its convention, its optimizer and the base, in that order of precedence.
 */
import type { Convention } from '../addon/interface.ts'
import { blurProbability, commonSettings, normalization, smallImage } from '../augment/index.ts'
import { knnDefaults } from '../evaluate/probes.ts'
import { cosineSchedule } from './schedule.ts'
import type { OptimizerName, PresetName, TrainSettings } from './settings.ts'

/** Of `distributed.timeoutSeconds`: torch.distributed's for NCCL. */
export const defaultTimeoutSeconds = 600

export interface Preset {
  /** What it is for, one line. */
  about: string
  /** Size of the views, pixels; null: the images' own size up to 128 px, else 224. */
  imageSize: number | null
  settings(imageSize: number): TrainSettings
}

const isSmall = (imageSize: number) => imageSize <= smallImage

export const presets: Readonly<Record<PresetName, Preset>> = {
  sample: {
    about: 'The synthetic scenes of `npm start`, in a few minutes on two cores',
    imageSize: 32,
    // A scene is told by its colours, which say nothing about its class: most views are grey, so that shape and texture
    // are left to tell it by (docs/sample.md).
    settings: () => ({
      ...fewMinutes,
      encoder: { ...fewMinutes.encoder, width: 0.5 },
      epochs: 12,
      optimizer: { ...fewMinutes.optimizer, weightDecay: 1e-4 },
      augment: { cropArea: [0.25, 1], strength: 1, gray: 0.8, blur: 0 },
    }),
  },

  quick: {
    about: 'The most accuracy that about a minute on a CPU buys, on small photographs',
    imageSize: 32,
    // docs/performance.md, "Time to accuracy". A quarter of the width takes a third of the time of half; crops of less
    // than a fifth ask for more passes than there are. Four views of half the images teach more than two of all in the
    // same time (docs/views.md), and smaller batches make more steps. More `epochs` are worth their time, up to 60 at least.
    settings: () => ({
      ...fewMinutes,
      encoder: { ...fewMinutes.encoder, width: 0.25 },
      views: 4,
      batchSize: 64,
      epochs: 6,
      optimizer: { ...fewMinutes.optimizer, weightDecay: 5e-4 },
      augment: { cropArea: [0.2, 1], strength: 0.5, blur: 0 },
    }),
  },

  cifar: {
    about: "google-research's CIFAR-10 recipe for ResNet-18, in torchvision's geometry",
    imageSize: 32,
    settings: () => ({
      convention: 'paper',
      encoder: { arch: 'resnet18', convention: 'torch', stem: 'cifar' },
      epochs: 100,
      batchSize: 512,
      ...paperCifar,
    }),
  },

  imagenet: {
    about: "The paper's ImageNet recipe at a batch that one device holds, in torchvision's geometry",
    imageSize: 224,
    // Batch 256 with the square-root rule: 62.8 % linear after 100 epochs (paper, table B.1).
    settings: () => ({
      convention: 'paper',
      encoder: { arch: 'resnet50', convention: 'torch', stem: 'imagenet' },
      epochs: 100,
      batchSize: 256,
      ...paperImagenet,
      optimizer: { ...paperImagenet.optimizer, lr: 0.075 },
      schedule: { ...paperImagenet.schedule, scaling: 'sqrt' },
    }),
  },

  paper: {
    about: 'google-research/simclr to the last constant: ImageNet, or CIFAR up to 32 px',
    imageSize: null,
    settings: (imageSize) => ({
      convention: 'paper',
      encoder: { arch: 'resnet50', stem: 'auto' },
      ...(isSmall(imageSize)
        ? { epochs: 1000, batchSize: 1024, ...paperCifar }
        : { epochs: 100, batchSize: 4096, ...paperImagenet }),
    }),
  },

  torch: {
    about: "What PyTorch code does: lightly's recipe, torchvision's ResNet-18 and operators",
    imageSize: null,
    // SimCLRTransform's cj_strength is 1, and 0.5 by its advice for small images; NTXentLoss's τ is 0.5 for all.
    settings: (imageSize) => ({
      convention: 'torch',
      encoder: { arch: 'resnet18', stem: 'auto' },
      epochs: 200,
      batchSize: 256,
      temperature: 0.5,
      optimizer: { name: 'sgd', lr: 0.06, weightDecay: 5e-4 },
      schedule: { scaling: 'linear', warmupEpochs: 1 },
      augment: { strength: isSmall(imageSize) ? 0.5 : 1 },
    }),
  },

  'fine-tune': {
    about:
      'A trained encoder (`init`) and a classifier on it, both on labelled images, as the paper fine-tunes',
    imageSize: null,
    // Appendix B.5: Nesterov momentum, 0.05 B / 256 without warm-up, no decay, crops and flips alone; 30 epochs for a
    // tenth of ImageNet's labels, 60 for a hundredth. Fewer labels have smaller batches (batch.ts).
    settings: () => ({
      convention: 'torch',
      objective: 'supervised',
      encoder: { arch: 'resnet18', stem: 'auto' },
      epochs: 30,
      batchSize: 256,
      optimizer: paperFineTuning.optimizer,
      schedule: { ...paperFineTuning.schedule, warmupEpochs: 0 },
      augment: { jitter: 0, gray: 0, blur: 0 },
    }),
  },

  distill: {
    about:
      'A student of a fine-tuned encoder (`teacher`), on images that need no labels, as SimCLR v2 distils',
    imageSize: null,
    // SimCLR v2, section 3: as in pretraining there (LARS, 0.1 √B, decay 1e-4, a twentieth of warm-up) for 400 epochs, but
    // crops and flips alone; at a batch that one device holds.
    settings: () => ({
      convention: 'paper',
      objective: 'distill',
      encoder: { arch: 'resnet18', convention: 'torch', stem: 'auto' },
      epochs: 400,
      batchSize: 256,
      optimizer: v2Training.optimizer,
      schedule: { ...v2Training.schedule, warmupEpochs: 20 },
      augment: { jitter: 0, gray: 0, blur: 0 },
    }),
  },
}

/** A cheap stem and a narrow network buy epochs, a small batch buys steps; τ 0.2 and a high rate learn fast in so few. */
const fewMinutes = {
  convention: 'torch',
  encoder: { arch: 'resnet18', stem: 'stride2' },
  batchSize: 128,
  temperature: 0.2,
  optimizer: { name: 'sgd', lr: 0.4, nesterov: true },
  schedule: { scaling: 'linear', warmupEpochs: 1 },
} as const satisfies TrainSettings

/** Paper §2.2 and appendix A. */
const paperImagenet = {
  temperature: 0.1,
  optimizer: { name: 'lars', lr: 0.3, weightDecay: 1e-6 },
  schedule: { scaling: 'linear', warmupEpochs: 10 },
  augment: { strength: 1 },
} as const satisfies TrainSettings

/** Paper appendix B.9 and the repository's README. */
const paperCifar = {
  temperature: 0.5,
  optimizer: { name: 'lars', lr: 1, weightDecay: 1e-4 },
  schedule: { scaling: 'linear', warmupEpochs: 10 },
  augment: { strength: 0.5, blur: 0 },
} as const satisfies TrainSettings

/** What one name for the whole set means, option by option. */
export function conventionSettings(convention: Convention): TrainSettings {
  const torch = convention === 'torch'
  return {
    convention,
    encoder: { convention },
    head: { convention },
    loss: { scale: torch ? 1 : 2 },
    optimizer: { convention, decayAll: torch },
    schedule: { convention },
    augment: { convention, ...normalization(convention) },
  }
}

/** Where classes are learnt, of labels or a teacher: what training tells is how right it is, and one view of an image says it. */
export const classifierSettings: TrainSettings = {
  views: 1,
  probe: { everyEpochs: 0 },
  validation: { metric: 'classifier' },
}

/** Adam's epsilon where nobody says: torch.optim's, or that of tf.keras, which the paper's code takes as it is (tf2/model.py). */
export function adamEpsilon(convention: Convention): number {
  return convention === 'paper' ? 1e-7 : 1e-8
}

/** For an optimizer that is not the preset's own. `convention`: of the optimizer; of SGD, which has none, of the run. */
export function optimizerSettings(
  name: OptimizerName,
  convention: Convention,
  objective: NonNullable<TrainSettings['objective']>,
): TrainSettings {
  const isLabels = objective === 'supervised'
  switch (name) {
    case 'lars':
      return isLabels ? v2FineTuning : objective === 'distill' ? v2Training : larsPretraining
    case 'sgd':
      return isLabels ? paperFineTuning : convention === 'paper' ? paperMomentum : torchSgd
    // A step of Adam is about lr long whatever the gradient, so that no rule scales it by the batch. torch.optim and
    // tf.keras agree on 0.001, which takes trained weights far from where they were: a tenth for labels. The decay is
    // the paper's, or torch.optim's own of AdamW.
    case 'adam':
    case 'adamw': {
      const weightDecay = name === 'adamw' ? 0.01 : isLabels ? 0 : 1e-6
      const lr = isLabels ? 1e-4 : 1e-3
      return {
        optimizer: { name, lr, weightDecay, epsilon: adamEpsilon(convention) },
        schedule: { scaling: 'none' },
      }
    }
  }
}

const larsPretraining = {
  optimizer: { name: 'lars', lr: 0.3, weightDecay: 1e-6 },
  schedule: { scaling: 'linear' },
} as const satisfies TrainSettings

/** SimCLR v2, section 3: pretraining, and distillation after it. */
const v2Training = {
  optimizer: { name: 'lars', lr: 0.1, weightDecay: 1e-4 },
  schedule: { scaling: 'sqrt' },
} as const satisfies TrainSettings

/** SimCLR v2, section 3. Without decay lightly's LARS is SGD: only the original's can be meant. */
const v2FineTuning = {
  optimizer: { name: 'lars', convention: 'paper', lr: 0.005, weightDecay: 0 },
  schedule: { scaling: 'sqrt' },
} as const satisfies TrainSettings

/** Paper appendix B.5. */
const paperFineTuning = {
  optimizer: { name: 'sgd', lr: 0.05, nesterov: true, weightDecay: 0 },
  schedule: { scaling: 'linear' },
} as const satisfies TrainSettings

/** tf2/model.py, build_optimizer: 'momentum', which has the flags' learning rate and decay as LARS has them (tf2/run.py). */
const paperMomentum = {
  optimizer: { name: 'sgd', lr: 0.3, nesterov: true, weightDecay: 1e-6 },
  schedule: { scaling: 'linear' },
} as const satisfies TrainSettings

const torchSgd = {
  optimizer: { name: 'sgd', lr: 0.06, weightDecay: 5e-4 },
  schedule: { scaling: 'linear' },
} as const satisfies TrainSettings

/** Holds for every recipe that does not say otherwise. */
export function baseSettings(imageSize: number): TrainSettings {
  return {
    objective: 'contrastive',
    init: null,
    teacher: null,
    distillation: { temperature: 1, weight: 1 },
    labelSmoothing: 0,
    fineTuneAfterBlock: -1,
    encoder: { width: 1, stem: 'auto', skRatio: 0 },
    head: { layers: 2, hidden: null, dim: 128, keep: 0 },
    steps: null,
    views: 2,
    resolution: null,
    // The paper's by size: for presets of classifiers, which have no τ and no colours, when an option brings them back.
    temperature: isSmall(imageSize) ? 0.5 : 0.1,
    loss: { normalize: true },
    optimizer: {
      encoderLr: null,
      maxGradientNorm: null,
      momentum: 0.9,
      nesterov: false,
      trustCoefficient: 0.001,
      classicMomentum: true,
      epsilon: 1e-8,
      beta1: 0.9,
      beta2: 0.999,
    },
    schedule: cosineSchedule,
    augment: {
      ...commonSettings,
      strength: isSmall(imageSize) ? 0.5 : 1,
      blur: blurProbability(imageSize),
    },
    probe: { everyEpochs: 1, images: 5000, ...knnDefaults, linearHead: false },
    validation: { data: null, metric: 'knn', everyEpochs: 1, patience: null },
    device: 'auto',
    precision: 'auto',
    threads: 'auto',
    seed: 0,
    recompute: false,
    chunkSize: null,
    cudaGraph: 'auto',
    stream: 'auto',
    maxSkipped: 0.1,
    distributed: {
      syncBatchNorm: true,
      globalNegatives: true,
      compressGradients: false,
      timeoutSeconds: defaultTimeoutSeconds,
    },
    checkpoint: { everySeconds: 600, everySteps: null, everyEpochs: null, keep: 2 },
  }
}
