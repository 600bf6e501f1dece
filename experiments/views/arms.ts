/** What the views of a training can be changed in, each against one base. */
import type { TrainOptions } from '../../lib/index.ts'

export interface Arm {
  name: string
  /** Laid over the base. */
  change: TrainOptions
  /** Times the study's epochs; 1 where arms are compared at equal image passes. */
  passes: number
}

/** The recipe for few minutes (lib/config/presets.ts), as it was before it took from this. */
export const base = { preset: 'quick', views: 2, batchSize: 128 } as const satisfies TrainOptions

const half = [{ until: 0.5, size: 16 }]
const steps = [
  { until: 0.4, size: 16 },
  { until: 0.7, size: 24 },
]

export const arms: readonly Arm[] = [
  { name: '2 views', change: {}, passes: 1 },
  { name: '3 views', change: { views: 3 }, passes: 1 },
  { name: '4 views', change: { views: 4 }, passes: 1 },
  // As many views in all as the base makes: fewer passes over the images.
  { name: '3 views, 2/3 of the passes', change: { views: 3 }, passes: 2 / 3 },
  { name: '4 views, 1/2 of the passes', change: { views: 4 }, passes: 1 / 2 },
  // The same, with as many steps: batches of as many views.
  {
    name: '4 views of half the images, 1/2 of the passes',
    change: { views: 4, batchSize: 64 },
    passes: 1 / 2,
  },
  { name: 'fast hue', change: { augment: { hueMode: 'fast' } }, passes: 1 },
  { name: '16 px for a half', change: { resolution: half }, passes: 1 },
  { name: '16, 24, 32 px', change: { resolution: steps }, passes: 1 },
  // A step at half the side costs about a quarter: half the epochs at 16 px leave 5/8 of the base's cost.
  { name: '16 px for a half, 8/5 of the passes', change: { resolution: half }, passes: 8 / 5 },
]
