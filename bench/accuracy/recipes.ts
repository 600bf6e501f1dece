/** Recipes for about a minute on a CPU that preset `quick` was chosen from, each as a change of it. */
import type { TrainOptions } from '../../lib/index.ts'

export interface Recipe {
  name: string
  /** Laid over preset `quick`. */
  change: TrainOptions
}

export const recipes: readonly Recipe[] = [
  { name: 'quick', change: {} },
  { name: '12 epochs', change: { epochs: 12 } },
  { name: 'batches of 128, 12 epochs', change: { batchSize: 128, epochs: 12 } },
  { name: 'batches of 128, 20 epochs', change: { batchSize: 128, epochs: 20 } },
  { name: '2 views of 128 images, 12 epochs', change: { views: 2, batchSize: 128, epochs: 12 } },
  { name: 'half the width, 7 epochs', change: { encoder: { width: 0.5 }, epochs: 7 } },
  { name: 'crops from 0.08', change: { augment: { cropArea: [0.08, 1] } } },
  { name: 'crops from 0.35', change: { augment: { cropArea: [0.35, 1] } } },
]
