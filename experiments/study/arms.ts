/** The arms of the study: one change each to one base, as many image passes in all that are compared. */
import type { TrainOptions } from '../../lib/index.ts'

export interface Arm {
  /** The question that it is part of. */
  factor: string
  name: string
  /** Laid over the base. */
  change: TrainOptions
  /** Times the study's epochs; 1 where arms are compared at equal image passes. */
  passes?: number
  /** Where it is part of the study: on both kinds of images unless said otherwise. */
  on?: 'photographs' | 'scenes'
}

/** For photographs: ResNet-18 of quarter width, 8x8 pixels after its stem; the paper's augmentation with colour at strength 1 and blur; SGD, lr linear in the batch. */
export const base = {
  preset: 'torch',
  encoder: { arch: 'resnet18', width: 0.25, stem: 'imagenet' },
  batchSize: 128,
  temperature: 0.2,
  optimizer: { name: 'sgd', lr: 0.4, nesterov: true, weightDecay: 1e-4 },
  schedule: { scaling: 'linear', warmupEpochs: 1 },
  augment: { strength: 1, blur: 0.5 },
} as const satisfies TrainOptions

/**
 * Scenes are told apart by their colours, which say nothing of their class: with the paper's share of grey views (0.2) the
 * network learns colours alone; and blur takes the textures away that classes have. Every arm would stay where it began
 * (docs/sample.md, where this comes from).
 */
const sceneAugment = { gray: 0.8, cropArea: [0.25, 1], blur: 0 } as const satisfies TrainOptions['augment']

const isOfScenes = (data: string) => data.startsWith('synthetic:')

/** What arms are changes to, on `data`. */
export function baseFor(data: string): TrainOptions {
  return isOfScenes(data) ? { ...base, augment: { ...base.augment, ...sceneAugment } } : base
}

/** The arms of the study on `data`. */
export function armsFor(data: string): readonly Arm[] {
  return arms.filter(({ on = 'both' }) => on === 'both' || (on === 'scenes') === isOfScenes(data))
}

/**
 * Epochs of an arm so that it is shown as many images as the base in `epochs` of its own, times its `passes`: batches that
 * an epoch does not fill are dropped, and large ones lose more by that. At least 1.
 */
export function epochsOf({ change, passes = 1 }: Arm, epochs: number, images: number): number {
  const shown = (batch: number) => Math.floor(images / batch) * batch
  return Math.max(
    1,
    Math.round((passes * epochs * shown(base.batchSize)) / shown(change.batchSize ?? base.batchSize)),
  )
}

/**
 * Ranks of the arms where something is local. Each has batch / ranks images, both views of each: the smaller that
 * part is, the more its statistics tell of it, so few images a rank are what the leak needs. Their whole-batch arms run
 * in one process, whose steps are those of any number of ranks (test/slow/ranks.test.ts).
 */
const ranksOf = (images: number) => ({ batchSize: 32, processes: 32 / images }) as const

/** Crops of 5 to 15 % of the image share little: the harder the honest way from a view to its pair, the more a shortcut is worth. */
const littleShared: TrainOptions['augment'] = { cropArea: [0.05, 0.15] }

const leak = (chunkSize: number | null): TrainOptions => ({
  batchSize: 256,
  chunkSize,
  augment: littleShared,
})

export const arms: readonly Arm[] = [
  { factor: 'base', name: 'base', change: {} },

  // Ranks and parts take the longest by far: one set has to do.
  { factor: 'batch norm', name: 'whole batch of 32', change: { batchSize: 32 }, on: 'photographs' },
  {
    factor: 'batch norm',
    name: 'each rank its 8 of 32',
    change: { ...ranksOf(8), distributed: { syncBatchNorm: false } },
    on: 'photographs',
  },
  {
    factor: 'batch norm',
    name: 'each rank its 4 of 32',
    change: { ...ranksOf(4), distributed: { syncBatchNorm: false } },
    on: 'photographs',
  },

  // Chunks that normalise their own equal ranks that do (test/dist/batch.test.ts), without their cost.
  {
    factor: 'leak of 32',
    name: 'whole batch of 32',
    change: { batchSize: 32, augment: littleShared },
    on: 'photographs',
  },
  {
    factor: 'leak of 32',
    name: 'parts of 8',
    change: { batchSize: 32, chunkSize: 8, augment: littleShared },
    on: 'photographs',
  },
  {
    factor: 'leak of 32',
    name: 'parts of 4',
    change: { batchSize: 32, chunkSize: 4, augment: littleShared },
    on: 'photographs',
  },

  // Which part it is is worth the more the more parts there are. Small parts are slow: a quarter of the passes.
  { factor: 'leak', name: 'whole batch of 256', change: leak(null), passes: 0.25, on: 'photographs' },
  { factor: 'leak', name: '32 parts of 8', change: leak(8), passes: 0.25, on: 'photographs' },

  { factor: 'augmentation', name: 'crop, colour, blur', change: {}, on: 'photographs' },
  { factor: 'augmentation', name: 'without blur', change: { augment: { blur: 0 } }, on: 'photographs' },
  { factor: 'augmentation', name: 'crop, colour', change: {}, on: 'scenes' },
  { factor: 'augmentation', name: 'with blur', change: { augment: { blur: 0.5 } }, on: 'scenes' },
  { factor: 'augmentation', name: 'without colour', change: { augment: { jitter: 0, gray: 0 } } },
  {
    factor: 'augmentation',
    name: 'without crop',
    change: { augment: { cropArea: [1, 1], cropAspect: [1, 1] } },
  },

  { factor: 'batch size', name: '64, lr linear', change: { batchSize: 64 } },
  { factor: 'batch size', name: '256, lr linear', change: { batchSize: 256 } },
  { factor: 'batch size', name: '1024, lr linear', change: { batchSize: 1024 } },
  // The square-root rule, through the base's learning rate at its batch.
  {
    factor: 'batch size',
    name: '1024, lr by root',
    change: { batchSize: 1024, optimizer: { lr: 0.2 / Math.sqrt(128) }, schedule: { scaling: 'sqrt' } },
  },

  { factor: 'training length', name: '0.4 of the passes', change: {}, passes: 0.4 },
  { factor: 'training length', name: 'all passes', change: {} },
  { factor: 'training length', name: '2 times the passes', change: {}, passes: 2 },

  { factor: 'depth', name: 'ResNet-18', change: {} },
  { factor: 'depth', name: 'ResNet-34', change: { encoder: { arch: 'resnet34' } } },
  { factor: 'depth', name: 'ResNet-50', change: { encoder: { arch: 'resnet50' } } },

  { factor: 'negatives', name: 'whole batch of 32', change: { batchSize: 32 }, on: 'photographs' },
  {
    factor: 'negatives',
    name: 'each rank its 8 of 32',
    change: { ...ranksOf(8), distributed: { globalNegatives: false } },
    on: 'photographs',
  },
]
